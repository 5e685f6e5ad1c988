"""Notification sends the company's mail: replies, and drafts, hand-overs and notices to its agent.

It leaves through the company's own server, under its own name, and each letter at most once.
What cannot be sent, or may have been sent, is told to the agent; nothing is dropped in silence.
"""
