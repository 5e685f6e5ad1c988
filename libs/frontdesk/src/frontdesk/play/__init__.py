"""The story of one enquiry, played through the whole house and compared with what was drawn."""
