"""python -m notification: run notification by itself."""

from chassis import run
from notification.app import create_service

if __name__ == "__main__":
    run(create_service)
