"""Decides how connections go out: directly or through a proxy, and whose certificates are trusted."""
