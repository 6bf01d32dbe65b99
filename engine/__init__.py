"""Everything that is true without a web page or a queue."""
