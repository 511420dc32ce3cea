"""A Gemstra node: everything that touches the world. See ARCHITECTURE.md."""
