"""Conversation understands the letters of a turn and drafts one reply to all of them.

It asks a language model, checks what comes back by rules that can be read, and says how sure one may be of it. It
neither decides whether a reply is sent nor sends it: the orchestrator decides, notification sends.
"""
