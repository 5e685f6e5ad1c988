"""`python -m billing`."""

from billing.app import create_service
from chassis import run

if __name__ == "__main__":
    run(create_service)
