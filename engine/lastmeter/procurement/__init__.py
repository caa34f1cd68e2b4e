"""Buying the service: annual plan, procurement by the law's methods, challenges. Contracts lie in `stations`."""
