#!/usr/bin/env bash
# Builds what the image of a service holds, by the Dockerfile's own steps, into .local/images/SERVICE, and prints how big each is,
# without Python itself and Debian's packages. For machines without Docker. Usage: deploy/rehearse.sh [SERVICE...], all by default.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
images=${FRONTDESK_IMAGES:-.local/images}
[[ $# -gt 0 ]] || set -- $(ls services) sandbox
echo "| image | MB | packages | the largest, MB | beside it from Debian |"
echo "|---|---:|---:|---|---|"
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
    largest=$(du -sm --apparent-size "$app"/.venv/lib/python3*/site-packages/*/ | sort -rn |
        sed -nE '1,4s#^([0-9]+).*/([^/]+)/$#\2 \1#p' | paste -sd, | sed 's/,/, /g')
    packages=deploy/system-packages/$service.txt
    printf '| %s | %s | %s | %s | %s |\n' "$service" "$(du -sm --apparent-size "$app" | cut -f 1)" \
        "$(find "$app/.venv/lib" -maxdepth 3 -name '*.dist-info' | wc -l)" "$largest" \
        "$([[ ! -e $packages ]] || paste -sd' ' "$packages")"
done
