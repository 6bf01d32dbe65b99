"""The liaison officer’s board. Holds no rules of the domain."""
