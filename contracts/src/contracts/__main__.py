"""`python -m contracts`: print the catalogue."""

from contracts.catalogue import catalogue
from contracts.page import page

if __name__ == "__main__":
    print(page(catalogue()))
