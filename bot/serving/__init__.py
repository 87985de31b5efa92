"""Serves HTTP to strangers within limits: how many connections, how long each may take, what is logged of them."""
