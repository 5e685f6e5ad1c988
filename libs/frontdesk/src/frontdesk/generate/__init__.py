"""The files that are derived from the code: schemas, AsyncAPI files, the catalogue of messages."""

from frontdesk.generate.files import RefusedChange, generated, refused, stale, write

__all__ = ["RefusedChange", "generated", "refused", "stale", "write"]
