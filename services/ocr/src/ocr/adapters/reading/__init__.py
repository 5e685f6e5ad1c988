"""Reads a document's bytes: run as a process of its own, `python -m ocr.adapters.reading`, because bytes are hostile.

The process is started by `ocr.adapters.reader`, knows no secret, limits itself before it opens the file, and writes
its findings as JSON. It imports nothing of the house but `ocr.domain`.
"""
