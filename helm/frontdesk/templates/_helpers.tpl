{{/* The services of this release, each merged with the defaults, as YAML: all, or the one that `only` names. */}}
{{- define "frontdesk.services" -}}
{{- $root := . -}}
{{- $found := dict -}}
{{- range $name, $given := .Values.services -}}
{{- $service := mergeOverwrite (deepCopy $root.Values.defaults) (deepCopy ($given | default dict)) -}}
{{- if and $service.enabled (or (not $root.Values.only) (eq $root.Values.only $name)) -}}
{{- $_ := set $found $name $service -}}
{{- end -}}
{{- end -}}
{{- $found | toYaml -}}
{{- end -}}

{{/* Whether a service is part of the fleet at all, whoever releases it. */}}
{{- define "frontdesk.lives" -}}
{{- $given := index .root.Values.services .name | default dict -}}
{{- if hasKey $given "enabled" }}{{ ternary "yes" "" $given.enabled }}{{ else }}{{ ternary "yes" "" .root.Values.defaults.enabled }}{{ end -}}
{{- end -}}

{{/* Whether what all services share belongs to this release. */}}
{{- define "frontdesk.shared" -}}
{{- if or (not .Values.only) (eq .Values.only "shared") }}yes{{ end -}}
{{- end -}}

{{- define "frontdesk.fullname" -}}{{ .root.Chart.Name }}-{{ .name }}{{- end -}}

{{- define "frontdesk.selector" -}}
app.kubernetes.io/part-of: {{ .root.Chart.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end -}}

{{- define "frontdesk.labels" -}}
{{ include "frontdesk.selector" . }}
app.kubernetes.io/name: {{ include "frontdesk.fullname" . }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ include "frontdesk.tag" . | quote }}
{{- end -}}

{{- define "frontdesk.tag" -}}
{{ (.service | default dict).tag | default .root.Values.image.tag | default .root.Chart.AppVersion }}
{{- end -}}

{{- define "frontdesk.image" -}}
{{ with .root.Values.image.registry }}{{ . }}/{{ end }}{{ .root.Values.image.repository }}-{{ .name }}:{{ include "frontdesk.tag" . }}
{{- end -}}

{{/* The addresses of all whom a service asks, as the JSON that its setting takes. */}}
{{- define "frontdesk.addresses" -}}
{{- $this := . -}}
{{- $found := dict -}}
{{- range .service.asks -}}
{{- if include "frontdesk.lives" (dict "root" $this.root "name" .) -}}
{{- $host := include "frontdesk.fullname" (dict "root" $this.root "name" .) -}}
{{- $_ := set $found . (list (printf "http://%s%s:8080" $host (ternary "-pods" "" $this.service.addresses.pods))) -}}
{{- end -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}

{{/* Where services send their spans: the chart's own collector, or what is said. */}}
{{- define "frontdesk.otlpEndpoint" -}}
{{- if .Values.telemetry.collector.enabled -}}
http://{{ include "frontdesk.fullname" (dict "root" . "name" "otel-collector") }}:4318
{{- else -}}
{{ .Values.telemetry.otlpEndpoint }}
{{- end -}}
{{- end -}}

{{/* Whether spans go to the fleet's own Observer: then they carry the service token, else they go to a collector. */}}
{{- define "frontdesk.spansToObserver" -}}
{{- if contains (printf "//%s:" (include "frontdesk.fullname" (dict "root" . "name" "observer"))) (include "frontdesk.otlpEndpoint" .) }}yes{{ end -}}
{{- end -}}

{{/* Environment of a service and of its migration: nothing secret stands here. */}}
{{- define "frontdesk.settings" -}}
{{- $settings := dict "FRONTDESK_SECRETS_DIR" "/run/secrets/frontdesk" "TENANCY_URL" (printf "http://%s-tenancy:8080" .root.Chart.Name) -}}
{{- with include "frontdesk.otlpEndpoint" .root }}{{ $_ := set $settings "OTEL_EXPORTER_OTLP_ENDPOINT" . }}{{ end -}}
{{- if include "frontdesk.spansToObserver" .root }}{{ $_ := set $settings "FRONTDESK_OTLP_TO_OBSERVER" "true" }}{{ end -}}
{{- if .root.Values.ingress.enabled -}}
{{- $public := printf "%s://%s" (ternary "https" "http" (ne .root.Values.ingress.tlsSecret "")) .root.Values.ingress.host -}}
{{- with .service.publicUrl.setting }}{{ $_ := set $settings . (printf "%s%s" $public $.service.publicUrl.path) }}{{ end -}}
{{- end -}}
{{- with .service.addresses.setting }}{{ $_ := set $settings . (include "frontdesk.addresses" $) }}{{ end -}}
{{- with .service.volume }}{{ if .setting }}{{ $_ := set $settings .setting .path }}{{ end }}{{ end -}}
{{- $settings = mergeOverwrite $settings (deepCopy .root.Values.settings) (deepCopy .service.settings) -}}
{{- range $name, $value := $settings }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end -}}
{{- end -}}

{{/* Settings that are secret, as files: the fleet's, and the service's own where there are any. */}}
{{- define "frontdesk.secrets" -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      - secret: {name: {{ .root.Values.secrets.fleet }}}
      - secret: {name: {{ include "frontdesk.fullname" . }}, optional: true}
{{- end -}}

{{- define "frontdesk.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "frontdesk.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}
