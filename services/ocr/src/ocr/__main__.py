"""`python -m ocr`."""

from chassis import run
from ocr.app import create_service

if __name__ == "__main__":
    run(create_service)
