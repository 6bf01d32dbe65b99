"""Hồ sơ: codes, papers, the legal clock, and the commands that open and end them."""
