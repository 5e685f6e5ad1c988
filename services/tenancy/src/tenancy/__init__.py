"""Who the companies are that Frontdesk works for.

It keeps each tenant's profile, texts and rules, its credentials and hooks sealed, and an audit row for every change.
The other services ask it over HTTP and hear from it when something changed.
"""
