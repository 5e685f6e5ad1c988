"""Messages with people, of every channel, in and out."""
