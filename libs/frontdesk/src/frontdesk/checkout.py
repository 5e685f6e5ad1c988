"""Where things lie in this checkout."""

import os
from pathlib import Path


def root() -> Path:
    """The checkout's root folder; where the command line is installed without one, the working folder."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "requirements.lock").exists() and (folder / "services").is_dir():
            return folder
    return Path.cwd()


def local_folder() -> Path:
    """Where the local stack and the secrets live: `.local`, unless FRONTDESK_LOCAL names another folder."""
    named = os.environ.get("FRONTDESK_LOCAL")
    return Path(named) if named else root() / ".local"


def stack_folders() -> list[Path]:
    """The folders of all stacks of this checkout: the default one and those of the tests."""
    default = local_folder()
    return [
        folder for folder in (default, *sorted(default.glob("test*"))) if (folder / "stack.json").exists()
    ]
