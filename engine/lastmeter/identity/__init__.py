"""People, organisations, roles, and what a role may do."""
