"""`python -m gateway`: the gateway alone."""

from chassis import run
from gateway.app import create_service

if __name__ == "__main__":
    run(create_service)
