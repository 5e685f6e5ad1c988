"""Files documents where the company keeps them.

Folder and name come from the tenant's own template. A name that is taken is never overwritten, and a document is
filed once, whatever crashes in between.
"""
