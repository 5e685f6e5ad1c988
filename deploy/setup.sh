#!/usr/bin/env bash
# Installs what Frontdesk needs on a Debian 12 or Ubuntu 24.04, as root or with sudo, and only what is missing.
# Elsewhere it says what to install. With everything in place it needs no network and takes a moment.
# With --tests what only tests need comes too: a browser.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly UV_VERSION=0.13.8
readonly STAMP=.venv/.installed

main() {
    case ${1:-} in
        '') install_what_runs ;;
        --tests) install_what_runs && install_what_tests_need ;;
        *) echo "usage: deploy/setup.sh [--tests]" >&2 && exit 2 ;;
    esac
}

install_what_runs() {
    local fingerprint
    fingerprint=$(fingerprint_of_requirements)
    install_system_packages
    if [[ -f $STAMP && $(<"$STAMP") == "$fingerprint" && -x .venv/bin/python && -x .tools/bin/uv ]]; then
        return
    fi
    install_uv
    install_python_packages
    .venv/bin/frontdesk stack secrets
    .venv/bin/frontdesk setup-check
    printf '%s' "$fingerprint" >"$STAMP"
}

# Ubuntu's package is a snap, which tests cannot drive: there the last line says what to do.
install_what_tests_need() {
    .venv/bin/python -m testkit.chromium >/dev/null 2>&1 && return
    if command -v apt-get >/dev/null && ! grep -qx 'ID=ubuntu' /etc/os-release; then
        echo "Installing chromium ..."
        install_by_apt chromium
    fi
    .venv/bin/python -m testkit.chromium >/dev/null
}

# What is to be installed: the lock, every member's own file, and the place (a moved checkout is set up again).
fingerprint_of_requirements() {
    { pwd && cat requirements.lock pyproject.toml contracts/pyproject.toml libs/*/pyproject.toml services/*/pyproject.toml; } |
        sha256sum | cut -d ' ' -f 1
}

install_system_packages() {
    local missing=()
    find_python >/dev/null || missing+=(python3 python3-venv)
    command -v make >/dev/null || missing+=(make)
    [[ -n ${AMQP_URL:-} ]] || has_rabbitmq || missing+=(rabbitmq-server)
    # The same lists go into the images.
    has_tesseract || mapfile -t -O "${#missing[@]}" missing <deploy/system-packages/ocr.txt
    has_dovecot || mapfile -t -O "${#missing[@]}" missing <deploy/system-packages/sandbox.txt
    has_prometheus || missing+=(prometheus)
    [[ ${#missing[@]} -eq 0 ]] && return
    if ! command -v apt-get >/dev/null; then
        say_what_to_install_by_hand "${missing[*]}"
        exit 1
    fi
    echo "Installing ${missing[*]} ..."
    install_by_apt "${missing[@]}"
}

# The newest Python that suits and can make environments.
find_python() {
    local candidate
    for candidate in python3 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    return 1
}

has_rabbitmq() {
    local folder
    for folder in /usr/lib/rabbitmq/{bin,sbin} /usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin /opt/rabbitmq/sbin \
        /opt/homebrew/opt/rabbitmq/sbin /usr/local/opt/rabbitmq/sbin; do
        [[ -x $folder/rabbitmq-server ]] && return
    done
    command -v rabbitmq-server >/dev/null
}

has_tesseract() {
    local known
    known=$(tesseract --list-langs 2>/dev/null) || return 1
    grep -qx deu <<<"$known" && grep -qx eng <<<"$known"
}

has_dovecot() {
    [[ -x /usr/sbin/dovecot ]] || command -v dovecot >/dev/null || return 1
    compgen -G '/usr/lib*/dovecot/lmtp' >/dev/null || compgen -G '/opt/homebrew/Cellar/dovecot/*/libexec/dovecot/lmtp' >/dev/null
}

has_prometheus() {
    command -v prometheus >/dev/null && command -v promtool >/dev/null
}

as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "Neither root nor sudo: please run as root: $*" >&2
        return 1
    fi
}

# The packages' own system services are neither started nor enabled: Frontdesk runs instances of its own.
install_by_apt() {
    local attempt held=/usr/sbin/policy-rc.d
    if [[ -e $held ]]; then
        held=
    else
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$held" >/dev/null
        as_root chmod 755 "$held"
    fi
    for attempt in 1 2 3 4; do
        if as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; then
            break
        fi
        echo "Looking for newer package lists (attempt $attempt) ..."
        as_root apt-get update -q || sleep $((attempt * 5))
    done
    [[ -z $held ]] || as_root rm -f "$held"
    disable_services "$@"
    still_missing "$@"
}

disable_services() {
    [[ -d /run/systemd/system ]] || return 0
    case " $* " in *' rabbitmq-server '*) as_root systemctl disable --quiet rabbitmq-server ;; esac
    case " $* " in *' dovecot-imapd '*) as_root systemctl disable --quiet dovecot ;; esac
    # Debian's package brings the exporter of the machine's own figures along.
    case " $* " in *' prometheus '*) as_root systemctl disable --quiet prometheus prometheus-node-exporter 2>/dev/null || true ;; esac
}

still_missing() {
    local package
    for package in "$@"; do
        if ! dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed'; then
            echo "The package $package could not be installed; see apt's words above." >&2
            return 1
        fi
    done
}

say_what_to_install_by_hand() {
    cat >&2 <<TEXT
This is no Debian or Ubuntu, and something is missing: $1

By hand:
  macOS    brew install python@3.12 rabbitmq tesseract tesseract-lang dovecot prometheus
  Fedora   sudo dnf install python3.12 make rabbitmq-server tesseract tesseract-langpack-deu dovecot golang-github-prometheus
or take the broker from Docker and say where it is:
  docker run -d -p 127.0.0.1:5672:5672 rabbitmq:3-management
  export AMQP_URL=amqp://guest:guest@127.0.0.1:5672/
Then run this again.
TEXT
}

install_uv() {
    if [[ -x .tools/bin/uv && $(.tools/bin/uv --version) == "uv $UV_VERSION"* ]]; then
        return
    fi
    rm -rf .tools
    "$(find_python)" -m venv .tools
    .tools/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
}

install_python_packages() {
    if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        .tools/bin/uv venv --quiet --clear --no-python-downloads --python "$(find_python)" .venv
    fi
    .tools/bin/uv pip sync --quiet --python .venv requirements.lock
}

main "$@"
