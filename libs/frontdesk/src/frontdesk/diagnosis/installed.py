"""What must be installed on the machine."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from frontdesk import checkout
from frontdesk.diagnosis.finding import Finding
from frontdesk.stack.broker import find_port_mapper, find_server
from frontdesk.stack.postgres import find_programs

_TOPIC = "Installed"
_LANGUAGES = {"deu": "German", "eng": "English"}


def installed() -> list[Finding]:
    """Look at each program once."""
    return [
        _python(), _uv(), _rabbitmq(), _postgres(), _tesseract(), *_tesseract_languages(), _dovecot(), _prometheus(),
    ]  # fmt: skip


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding(_TOPIC, "python", sys.version_info >= (3, 11), found, "install Python 3.11 or newer")


def _uv() -> Finding:
    own = checkout.root() / ".tools" / "bin" / "uv"
    program = str(own) if own.exists() else shutil.which("uv")
    return _with_version("uv", program, "--version", "make setup")


def _rabbitmq() -> Finding:
    advice = "make setup, or set AMQP_URL to a broker of yours"
    if os.environ.get("AMQP_URL"):
        return Finding(_TOPIC, "rabbitmq", ok=True, found="not needed: AMQP_URL is set")
    server = find_server()
    if server is None or find_port_mapper() is None:
        return Finding(_TOPIC, "rabbitmq", ok=False, found="missing", advice=advice)
    version = re.search(r"rabbitmq_server-([\d.]+)", str(server.resolve()))
    return Finding(_TOPIC, "rabbitmq", ok=True, found=version.group(1) if version else str(server))


def _postgres() -> Finding:
    advice = "make setup, or set DATABASE_URL to a database of yours"
    if os.environ.get("DATABASE_URL"):
        return Finding(_TOPIC, "postgres", ok=True, found="not needed: DATABASE_URL is set")
    programs = find_programs()
    return _with_version("postgres", str(programs / "postgres") if programs else None, "--version", advice)


def _tesseract() -> Finding:
    return _with_version("tesseract", shutil.which("tesseract"), "--version", "make setup (tesseract-ocr)")


def _tesseract_languages() -> list[Finding]:
    program = shutil.which("tesseract")
    known = _output(program, "--list-langs").split() if program else []
    return [
        Finding(
            _TOPIC,
            f"tesseract, {language}",
            ok=code in known,
            found="there" if code in known else "missing",
            advice=f"make setup (tesseract-ocr-{code})",
        )
        for code, language in _LANGUAGES.items()
    ]


def _dovecot() -> Finding:
    program = next(
        (p for p in (shutil.which("dovecot"), "/usr/sbin/dovecot") if p and Path(p).exists()), None
    )
    return _with_version("dovecot", program, "--version", "make setup (dovecot-imapd, dovecot-lmtpd)")


def _prometheus() -> Finding:
    """Without `promtool` nobody checks the rules; Debian's package has both."""
    program = shutil.which("prometheus") if shutil.which("promtool") else None
    return _with_version("prometheus", program, "--version", "make setup (prometheus)")


def _with_version(name: str, program: str | None, flag: str, advice: str) -> Finding:
    if program is None:
        return Finding(_TOPIC, name, ok=False, found="missing", advice=advice)
    said = _output(program, flag)
    number = re.search(r"\d+(\.\d+)+", said)
    return Finding(
        _TOPIC, name, ok=number is not None, found=number.group() if number else said[:80], advice=advice
    )


def _output(program: str, flag: str) -> str:
    try:
        done = subprocess.run([program, flag], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout + done.stderr
