"""Takes a company's mail in, by IMAP and by webhook, and says what is in it.

The same mail taken in twice, by whatever way, has one effect; old mail is never taken in unasked; nothing is lost
because a part of it cannot be read. It also puts copies of what we sent into the company's Sent folder.
"""
