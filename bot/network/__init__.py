"""Decides how to connect: directly or through a proxy, and which certificates to trust."""
