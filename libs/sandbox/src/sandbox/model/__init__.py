"""The language model behind the simulated vendors: visible rules, no randomness."""
