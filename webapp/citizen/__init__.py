"""What anybody with a dossier code may see. No personal data."""
