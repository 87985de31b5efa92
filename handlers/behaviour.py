"""Defines how the bot behaves towards people."""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack.deciders import BY_ASKER, Deciders


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the bot behaves towards people: the settings of the same names."""

    command: str = "/flowise"
    ignores_small_talk: bool = True
    everyone_stops: bool = False
    deciders: Deciders = BY_ASKER
    agent_view: bool = False
