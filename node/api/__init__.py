"""The JSON API: one layer of use cases, served to pages and to the command line alike."""
