"""Casework: clients, consents, cases with one responsible worker, sealed notes, dispatch orders."""
