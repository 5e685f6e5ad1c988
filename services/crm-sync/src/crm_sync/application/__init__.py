"""What crm-sync does, one module for each use case."""
