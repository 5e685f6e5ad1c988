"""What Frontdesk's services say to each other: events, commands, their envelope, names and schemas."""
