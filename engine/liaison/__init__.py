"""Messages between the agencies of a dossier: routed, kept until wanted, acknowledged."""
