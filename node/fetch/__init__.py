"""Fetching from addresses that others wrote: one client, which never leads into a private network."""
