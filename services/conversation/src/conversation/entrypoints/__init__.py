"""Where the command and the questions come in."""
