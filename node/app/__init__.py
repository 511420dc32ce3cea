"""The one place where faces, services and adapters are joined into a running node."""
