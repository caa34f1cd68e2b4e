"""What procurement and casework share: stations, who runs them, who works there, what was agreed for each year."""
