#!/usr/bin/env bash
# Renders the chart as one environment is released, by Helm: `deploy/render.sh prod >rendered.yaml`. Where broker and database are
# the chart's own, what all share comes first and then each service, as docs/operating.md has it; else it is one release.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
environment=$1
parts=("")
[[ $environment = dev ]] || parts=(shared $(ls services))
for part in "${parts[@]}"; do
    ${HELM:-helm} template frontdesk helm/frontdesk --values "helm/frontdesk/values-$environment.yaml" --set "only=$part"
done
