"""The chain as the node sees it: client, sender, watcher; and the embedded chain, a process of its own."""
