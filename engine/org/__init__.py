"""Agencies, people, roles and jurisdiction, each with its validity."""
