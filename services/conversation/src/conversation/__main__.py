"""`python -m conversation`: conversation alone."""

from chassis import run
from conversation.app import create_service

if __name__ == "__main__":
    run(create_service)
