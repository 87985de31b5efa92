"""Decides who may ask, and where: a function of what holds and of what Slack tells of a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from bot.config.effective import EffectiveAccess


class Refusal(Enum):
    """Why somebody is not answered."""

    CHANNEL = "channel"
    """Nobody is, in this channel."""
    PERSON = "person"
    """They are not among those who may ask, or among those who may not."""
    GUEST = "guest"
    """They are a guest of the workspace."""
    OUTSIDER = "outsider"
    """They are of another organisation."""
    UNKNOWN = "unknown"
    """Slack does not tell what would have to be known of them."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody who asks, by their id, in a channel.

    `is_guest` is None where Slack does not tell. `groups` are the members of user groups by the ids of these; None:
    Slack does not tell them. Both are looked at only as far as `facts` wants them.
    """

    person: str
    channel: str
    is_outsider: bool = False
    is_guest: bool | None = None
    groups: Mapping[str, frozenset[str] | None] = field(default_factory=dict)

    @property
    def is_direct(self) -> bool:
        """Whether they ask in no channel, but in a direct message or, with an empty `channel`, in a modal. No list of
        channels is about these."""
        return not self.channel or self.channel.startswith("D")


@dataclass(frozen=True, slots=True)
class Facts:
    """What must be known of somebody beside their id and their organisation, before it is decided about them."""

    guest: bool = False
    groups: frozenset[str] = frozenset()


def facts(access: EffectiveAccess) -> Facts:
    """What must be looked up."""
    return Facts(not access.guests, (access.groups.allow or frozenset()) | access.groups.deny)


def refusal(access: EffectiveAccess, asker: Asker) -> Refusal | None:
    """Decide whether somebody may ask; None: they may. What is denied is denied, whatever allows it."""
    return next(_refusals(access, asker), None)


def _refusals(access: EffectiveAccess, asker: Asker) -> Iterator[Refusal]:
    channels, people, groups = access.channels, access.people, access.groups
    if not asker.is_direct and (
        asker.channel in channels.deny or (channels.allow is not None and asker.channel not in channels.allow)
    ):
        yield Refusal.CHANNEL
    if asker.is_outsider and not access.outsiders:
        yield Refusal.OUTSIDER
    if asker.person in people.deny:
        yield Refusal.PERSON
    if not access.guests and not asker.is_outsider and asker.is_guest is not False:
        yield Refusal.UNKNOWN if asker.is_guest is None else Refusal.GUEST
    denied = _is_in(asker, groups.deny)
    if denied is not False:
        yield Refusal.UNKNOWN if denied is None else Refusal.PERSON
    if people.allow is None and groups.allow is None:
        return
    if asker.person not in (people.allow or frozenset()):
        allowed = _is_in(asker, groups.allow or frozenset())
        if not allowed:
            yield Refusal.UNKNOWN if allowed is None else Refusal.PERSON


def _is_in(asker: Asker, groups: frozenset[str]) -> bool | None:
    """Whether somebody is a member of one of the groups; None where that is not known."""
    members = [asker.groups.get(group) for group in groups]
    if any(asker.person in known for known in members if known is not None):
        return True
    return None if None in members else False
