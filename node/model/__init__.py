"""What the node itself keeps and passes between services and adapters: plain frozen records, no behaviour of their own."""
