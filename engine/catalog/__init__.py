"""Procedures as published: read from folders, checked, kept by digest, picked by date."""
