"""`python -m file_management`: file-management alone."""

from chassis import run
from file_management.app import create_service

if __name__ == "__main__":
    run(create_service)
