"""What ocr does: it analyses documents."""
