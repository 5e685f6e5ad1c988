"""The mail world: an SMTP server that keeps everything it accepted, and real IMAP mailboxes.

`MailServers` starts both on localhost; `routes()` is their control plane. What is reproduced and
what is not is written in FIDELITY.md beside this file.
"""

from sandbox.mail.servers import MailServers

__all__ = ["MailServers"]
