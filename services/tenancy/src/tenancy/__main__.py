"""`python -m tenancy`: tenancy alone."""

from chassis import run
from tenancy.app import create_service

if __name__ == "__main__":
    run(create_service)
