"""python -m crm_sync: run crm-sync by itself."""

from chassis import run
from crm_sync.app import create_service

if __name__ == "__main__":
    run(create_service)
