"""Defines how the bot behaves towards people, and tells whom it does not answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.slack.deciders import BY_ASKER, Deciders
from bot.slack.payload import is_external
from bot.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the bot behaves towards people: the settings of the same names."""

    command: str = "/flowise"
    ignores_small_talk: bool = True
    answers_external_people: bool = False
    everyone_stops: bool = False
    deciders: Deciders = BY_ASKER
    agent_view: bool = False


def may_be_refused(workspace: Workspace, behaviour: Behaviour, teams: Sequence[str]) -> bool:
    """Whether somebody may have to be refused, because these are the ids of another team."""
    return not behaviour.answers_external_people and is_external(teams, workspace.identity.organisations)


async def is_refused(workspace: Workspace, behaviour: Behaviour, user: str, teams: Sequence[str]) -> bool:
    """Whether somebody is not answered, because they belong to another organisation."""
    return may_be_refused(workspace, behaviour, teams) and await workspace.authors.is_outsider(user, teams)
