"""Conversations: what to answer."""
