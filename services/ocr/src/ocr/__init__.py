"""Reads documents and has a model analyse them.

A document is read in a process of its own: the text it carries, else what Tesseract recognises. A language model then
says what it is and what stands in it, and of that only what the document's own words bear out is believed.
"""
