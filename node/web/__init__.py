"""The local web page: security rules, sessions, templates and one file a section."""
