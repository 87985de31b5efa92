"""Defines what Slack tells of a user, who may be a person or a bot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.slack.fields import part, string
from bot.slack.text.escaping import one_line, shorten

LONGEST_NAME = 80
"""Of a person, a channel or a group, in characters: as many as Slack allows, or whoever else answers."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user as users.info tells of them; `name` is the display name, which they choose, as one line.

    `enterprise` is the id of the organisation in a Grid. `is_limited`: a guest, or somebody of another organisation,
    who does not see all public channels. `is_guest`: a guest of the workspace. `email` is empty without the scope
    `users:read.email`; `locale` is such as `en-GB`.
    """

    name: str
    is_bot: bool = False
    is_limited: bool = False
    is_guest: bool = False
    enterprise: str = ""
    email: str = ""
    locale: str = ""


def person_of(user: Mapping[str, object]) -> Person:
    """The person in the `user` of an answer of users.info."""
    profile, grid = part(user, "profile"), part(user, "enterprise_user")
    is_guest = any(user.get(flag) is True for flag in ("is_restricted", "is_ultra_restricted"))
    names = (
        string(profile, "display_name"),
        string(profile, "real_name"),
        string(user, "real_name"),
        string(user, "name"),
    )
    return Person(
        name=shorten(next(filter(None, map(one_line, names)), ""), LONGEST_NAME),
        is_bot=any(user.get(flag) is True for flag in ("is_bot", "is_workflow_bot", "is_connector_bot")),
        is_limited=is_guest or user.get("is_stranger") is True,
        is_guest=is_guest,
        enterprise=string(grid, "enterprise_id") or string(user, "enterprise_id"),
        email=string(profile, "email"),
        locale=string(user, "locale"),
    )
