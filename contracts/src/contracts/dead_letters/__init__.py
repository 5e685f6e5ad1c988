"""Dead letters: what every service answers about them to the observer."""
