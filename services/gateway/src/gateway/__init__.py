"""The one safe door of Frontdesk.

It verifies webhooks over their raw bytes, keeps them durably before it says yes, and says that they were received.
It routes the API to the services, with a token, limits and time limits. It decides nothing.
"""
