"""Reads what the command line says of a set-up."""

from __future__ import annotations

import argparse

from bot.errors import SettingsError
from bot.setup.console import Check
from bot.setup.flow_steps import address
from bot.setup.given import Flags, Way, setting
from bot.setup.manifest import App, app_name, public_host


def flags_of(chosen: argparse.Namespace) -> Flags:
    """The flags of a set-up, checked.

    Raises:
        SettingsError: one of them cannot be right.
    """
    return Flags(
        unattended=chosen.yes,
        flowise_url=_checked("--flowise-url", chosen.flowise_url, address),
        chatflow_id=_checked("--chatflow", chosen.chatflow, setting("FLOWISE_CHATFLOW_ID")),
        app=_app(chosen),
        way=Way(chosen.way) if chosen.way else None,
        hello=chosen.hello,
        asks=not chosen.no_question,
    )


def _app(chosen: argparse.Namespace) -> App | None:
    """What the app is to have; None where no flag says anything of it."""
    if not (chosen.name or chosen.slash_command or chosen.no_files or chosen.http or chosen.agent_view):
        return None
    usual = App()
    return App(
        _checked("--name", chosen.name or usual.name, app_name),
        _checked("--command", chosen.slash_command or usual.command, setting("SLACK_COMMAND")),
        not chosen.no_files,
        _checked("--http", chosen.http or "", public_host),
        chosen.agent_view,
    )


def _checked(flag: str, value: str, check: Check) -> str:
    try:
        return check(value) if value else ""
    except ValueError as error:
        raise SettingsError(f"{flag}: {error}") from None
