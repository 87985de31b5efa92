"""Defines what holds for the bot: its flows, routes, and who may ask how much, each value with its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from bot.config.values import Rate


class Origin(Enum):
    """Where a value comes from; of two, the later one holds."""

    DEFAULT = "default"
    HOME = "App Home"
    ENVIRONMENT = "environment"
    FILE = "file"
    ROUTE = "route"


@dataclass(frozen=True, slots=True)
class Value:
    """A value that holds, under its key in the file, with its origin. It is no secret."""

    key: str
    value: object
    origin: Origin


@dataclass(frozen=True, slots=True)
class Environment:
    """The settings by the names of their variables; `given` are those that somebody has set."""

    settings: Mapping[str, object]
    given: frozenset[str]


@dataclass(frozen=True, slots=True)
class EffectiveFlow:
    """A flow with all that holds for it. Its name is empty where there is no file.

    `api_key_env` and `headers_env` name environment variables that hold secrets, `api_key_file` a file; empty for none.
    The others are described where the file's keys are (`bot.config.model.Flow`). Times are in seconds.
    """

    name: str
    chatflow_id: str
    url: str
    api_key_env: str
    api_key_file: str
    headers_env: str
    title: str
    description: str
    feedback: Literal["auto", "always", "off"]
    files_to_store: bool
    vars: tuple[str, ...]
    state: tuple[str, ...]
    connect_timeout: float
    headers_timeout: float
    json_timeout: float
    silence_timeout: float
    event_timeout: float
    total_timeout: float
    left_run_wait: float
    frame_limit: int

    @property
    def shown(self) -> str:
        """What people read of it: its title, or else its name."""
        return self.title or self.name


@dataclass(frozen=True, slots=True)
class EffectiveRoute:
    """A route; `origin` says whether it stands in the file or was set in App Home. `follow_ups` is None where it
    leaves that to the setting."""

    flow: str
    channels: frozenset[str] | None
    commands: frozenset[str] | None
    keywords: frozenset[str] | None
    direct_messages: bool | None
    follow_ups: Literal["all", "mentions"] | None
    origin: Origin


@dataclass(frozen=True, slots=True)
class Listed:
    """Ids that are allowed or denied; with `allow`, no others are allowed."""

    allow: frozenset[str] | None = None
    deny: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EffectiveAccess:
    """Who may ask, and where: guests of the workspace and people of other organisations only where that is true."""

    people: Listed
    groups: Listed
    channels: Listed
    guests: bool
    outsiders: bool


@dataclass(frozen=True, slots=True)
class EffectiveFairness:
    """How much may be asked; None: any number."""

    questions_per_person: Rate | None
    questions_per_channel: Rate | None
    at_once_per_person: int | None


@dataclass(frozen=True, slots=True)
class Effective:
    """All that holds. `flows` are in the order of the file; `default` is the flow where no route fits, None for none.

    Without a file there is one flow, which has no name and answers everything. `values` lists everything with its
    origin.
    """

    flows: Mapping[str, EffectiveFlow]
    default: str | None
    routes: tuple[EffectiveRoute, ...]
    follow_ups: Literal["all", "mentions"]
    access: EffectiveAccess
    fairness: EffectiveFairness
    admins: frozenset[str]
    values: tuple[Value, ...] = field(compare=False)
