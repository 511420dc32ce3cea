"""Readers of files that other programs wrote. They know no store and no service; what they return is plain data."""
