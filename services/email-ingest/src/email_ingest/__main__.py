"""`python -m email_ingest`."""

from chassis import run
from email_ingest.app import create_service

if __name__ == "__main__":
    run(create_service)
