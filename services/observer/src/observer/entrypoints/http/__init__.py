"""The HTTP doors of the Observer, one module for each subject."""
