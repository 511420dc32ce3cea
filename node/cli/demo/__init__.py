"""The demo: a whole sale between real processes, played through the same API a person's commands use."""
