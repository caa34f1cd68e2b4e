"""The servers we bring ourselves: a private PostgreSQL and, where one is found, a private Redis."""
