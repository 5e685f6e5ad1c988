"""Have a person edit a JSON document in $EDITOR."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import mkstemp

from pydantic import JsonValue


def edited(document: JsonValue, name: str) -> Path:
    """The file that the person leaves behind; only its owner can read it. It stays, so that no work is lost."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        sys.exit("frontdesk: name a file with the new body, or set EDITOR")
    handle, path = mkstemp(prefix=f"frontdesk-{name}-", suffix=".json")
    text = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    done = subprocess.run([*shlex.split(editor), path], check=False)
    if done.returncode != 0 or Path(path).read_text(encoding="utf-8") == text:
        Path(path).unlink()
        sys.exit("frontdesk: nothing was changed")
    return Path(path)
