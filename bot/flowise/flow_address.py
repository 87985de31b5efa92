"""Checks where a flow is: the address of its server, and its id there."""

from __future__ import annotations

from bot.network.base_url import base_url

# Of the pages on which people copy an address: the API, its examples, a flow's canvas (v2/agentcanvas too), its chat.
_NO_BASE = ("/api/v1", "/prediction", "canvas/", "/chatbot/")


def server_url(value: str, id_setting: str = "FLOWISE_CHATFLOW_ID") -> str:
    """Return the base address of a Flowise server. `id_setting` is where the id of a chatflow belongs.

    Raises:
        ValueError: it is none. The text does not repeat it.
    """
    value = base_url(value)
    if any(part in value for part in _NO_BASE):
        raise ValueError(
            "expected the server's base address alone, without /api/v1 or a chatflow's path; a chatflow's id belongs "
            f"in {id_setting}"
        )
    return value


def chatflow_id(value: str) -> str:
    """Return the id of a chatflow. Raises ValueError."""
    if not value or not all(letter.isalnum() or letter == "-" for letter in value):
        raise ValueError(
            "expected the id alone, without quotes, spaces and slashes: the last part of the chatflow's address in "
            "Flowise"
        )
    return value
