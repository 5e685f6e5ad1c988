"""`python -m observer`."""

from chassis import run
from observer.app import create_service

if __name__ == "__main__":
    run(create_service)
