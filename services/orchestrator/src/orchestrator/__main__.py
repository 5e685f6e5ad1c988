"""`python -m orchestrator`."""

from chassis import run
from orchestrator.app import create_service

if __name__ == "__main__":
    run(create_service)
