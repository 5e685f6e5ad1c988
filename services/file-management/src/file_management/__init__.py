"""Files documents where the company keeps them."""
