"""What every Frontdesk process must do identically."""
