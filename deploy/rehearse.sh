#!/usr/bin/env bash
# Builds what the image of a service holds, by the Dockerfile's own steps, into .local/images/SERVICE, and says how big it is.
# For machines without Docker. Usage: deploy/rehearse.sh SERVICE...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
images=${FRONTDESK_IMAGES:-.local/images}
for service in "$@"; do
    member=services/$service
    [[ -d $member ]] || member=libs/$service
    app=$images/$service
    rm -rf "$app"
    mkdir -p "$app/deploy" "$app/libs" "$app/services"
    cp pyproject.toml requirements.lock "$app/"
    cp deploy/install-member.sh deploy/lock_of_member.py "$app/deploy/"
    tar --exclude __pycache__ --exclude tests --exclude '*.egg-info' -cf - contracts libs "$member" | tar -xf - -C "$app"
    (
        cd "$app"
        export PATH=$root/.tools/bin:$PATH UV_LINK_MODE=${UV_LINK_MODE:-copy} UV_PYTHON_DOWNLOADS=never
        export UV_COMPILE_BYTECODE=${UV_COMPILE_BYTECODE:-1}
        deploy/install-member.sh "$member"
    )
    printf '%s\t%s\t%s\n' "$service" "$(du -sm --apparent-size "$app" | cut -f 1)" \
        "$(find "$app/.venv/lib" -maxdepth 3 -name '*.dist-info' | wc -l)"
done
