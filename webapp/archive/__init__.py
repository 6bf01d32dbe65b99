"""What the control office and the administrators see of the archive."""
