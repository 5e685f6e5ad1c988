"""`python -m reporting`."""

from chassis import run
from reporting.app import create_service

if __name__ == "__main__":
    run(create_service)
