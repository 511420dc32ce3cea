"""Numbered SQL of the catalog file, one transaction each."""
