"""The rules of architecture §6 and §7 as code: each takes a tree, and returns its flaws as sentences.

They read files and import nothing of what they examine, so they hold for a copy of the tree as well: the scaffolds are
tested with them.
"""
