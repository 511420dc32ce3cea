"""Adapters: where backups go. Each keeps whole objects under short names and knows nothing of what they hold."""
