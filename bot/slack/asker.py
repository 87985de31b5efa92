"""Defines what a flow may be told of the person who asks: from Slack's events and profiles, never from a text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from bot.slack.people import LONGEST_NAME, Person
from bot.slack.text.escaping import one_line, shorten

FIELDS: Final = ("user_id", "user_name", "email", "channel_id", "channel_name", "locale", "team_id")
"""What FLOWISE_VARS and FLOWISE_STATE may list. Variables and keys of the state have the same names."""

INTRODUCED: Final = ("name", "email", "channel")
"""What BOT_INTRODUCE may list."""

EMAIL: Final = "email"

# The longest address (RFC 5321, 4.5.3.1.3), and an address that nothing else can hide in.
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`|~-]{1,64}@[A-Za-z0-9.-]{1,189}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,2}")
# Flowise reads `{{…}}` and LangChain `{…}` as a variable wherever a value stands in a prompt; `<…>` is a mention in
# Slack, and a tag elsewhere.
_INERT = str.maketrans("{}<>", "()\u2039\u203a")


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and where. `person` is None where Slack does not tell; `channel_name` is empty for what is no public
    channel. Of somebody `is_external`, of another organisation, no more than the id is told."""

    user: str
    team: str
    channel: str
    person: Person | None = None
    channel_name: str = ""
    is_external: bool = False

    def told(self, names: Iterable[str]) -> dict[str, str]:
        """What is known of the FIELDS with these names; what is not known is left out."""
        known = self._known()
        return {name: known[name] for name in names if known.get(name)}

    def _known(self) -> Mapping[str, str]:
        if self.is_external:
            return {"user_id": self.user}
        person = self.person or Person("")
        return {
            "user_id": self.user,
            "user_name": inert(person.name),
            EMAIL: person.email if _EMAIL.fullmatch(person.email) else "",
            "channel_id": self.channel,
            "channel_name": inert(self.channel_name),
            "locale": person.locale if _LOCALE.fullmatch(person.locale) else "",
            "team_id": self.team,
        }

    def introduction(self, parts: Collection[str]) -> tuple[str, str, str]:
        """The name, the address and the channel as they are told to a model, as far as they are among the INTRODUCED
        `parts`; empty where one is not known."""
        known = self._known()
        fields = ("user_name", EMAIL, "channel_name")
        name, email, channel = (
            known.get(field, "") if part in parts else "" for part, field in zip(INTRODUCED, fields, strict=True)
        )
        return name, email, channel


def inert(name: str) -> str:
    """A name that somebody has chosen as one short line, which is neither a placeholder nor a tag."""
    return shorten(one_line(name).translate(_INERT), LONGEST_NAME)


def fields(setting: str) -> tuple[str, ...]:
    """The FIELDS that a setting lists. Raises ValueError."""
    return _listed(setting, FIELDS)


def introduced(setting: str) -> tuple[str, ...]:
    """The INTRODUCED parts that BOT_INTRODUCE lists. Raises ValueError."""
    return _listed(setting, INTRODUCED)


def _listed(setting: str, known: tuple[str, ...]) -> tuple[str, ...]:
    names = {name.strip().lower() for name in setting.split(",") if name.strip()}
    if not names <= set(known):
        raise ValueError(f"expected names out of {', '.join(known)}, with commas between")
    return tuple(name for name in known if name in names)
