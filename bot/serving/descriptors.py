"""Shares out the file descriptors of the process: enough for the bot's own work first, the rest for connections."""

from __future__ import annotations

import resource
import socket

# More is never needed at once, and what walks over all possible descriptors is slow beyond it.
_MOST = 65_536
# Connections to Redis (bot/store/connections.py) and to Slack (aiohttp's own limit), and what any process has open.
_OWN_WORK = 128 + 100 + 64
# A prediction, and a small request about its chat beside it.
_EACH_PREDICTION = 2
# An open connection takes some 30 kB; more at a time than this are nobody's honest need.
_MOST_CONNECTIONS = 512


def raise_soft_limit() -> None:
    """Let this process open as many files as it may: the soft limit is often 1,024 or less and meant to be raised."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST if hard == resource.RLIM_INFINITY else min(hard, _MOST)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def most_connections(predictions: int) -> int:
    """How many connections may be open to us where so many predictions run at a time.

    What the bot needs for its own work is taken off first. Where little is left, a quarter of all is for connections
    and the rest for the work: a bot that nobody can reach is no use either.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _MOST_CONNECTIONS
    return min(max(soft - _OWN_WORK - _EACH_PREDICTION * predictions, soft // 4), _MOST_CONNECTIONS)


def can_open() -> bool:
    """Whether a socket can be opened now: without one, neither Redis, Slack nor Flowise can be asked anything."""
    try:
        socket.socket().close()
    except OSError:
        return False
    return True
