"""One module per vendor: its SDK on one side, the port on the other. They never import each other."""
