"""Reports where the settings were read from, and what is wrong with them or with the file."""

from __future__ import annotations

from pathlib import Path

from bot import __version__
from bot.doctor.findings import About, Finding
from bot.doctor.slack import APP_LEVEL, COPY
from bot.errors import SettingsError
from bot.settings.errors import problems_of
from bot.settings.settings import Settings

SETTINGS = About("Settings")

_OPEN_FLOW = "In Flowise, open the chatflow, and look at the address in the browser:"
# What to click or change, by the beginning of the setting's name; the error itself says what is expected.
_DO = {
    "SLACK_BOT_TOKEN": COPY,
    "SLACK_APP_TOKEN": APP_LEVEL,
    "FLOWISE_URL": f"{_OPEN_FLOW} all before the first single slash is FLOWISE_URL, unless a proxy adds a path.",
    "FLOWISE_CHATFLOW_ID": f"{_OPEN_FLOW} what follows the last slash is the id.",
    ".env": "Correct the file.",
}
_ELSE = "Correct it in .env, or in the environment, which wins. .env.example says what each setting means."


def read(env_file: Path) -> list[Finding]:
    """The findings about valid settings, with their source: a .env in the wrong folder is a common mistake."""
    source = _source(env_file)
    also = f"and {source}" if source else "alone; there is no .env in this folder"
    found = [SETTINGS.well("values", f"valid for version {__version__}; read from the environment {also}")]
    return found + [
        SETTINGS.warning(name, problem, f"Correct it in {source}.")
        for name, _, problem in (line.partition(": ") for line in problems_of(env_file, Settings.model_fields))
    ]


def unreadable(error: SettingsError, env_file: Path) -> list[Finding]:
    """A finding for each line of the error, which begins with the setting's name, after one about the source."""
    lines = (line.partition(": ") for line in str(error).splitlines())
    found = [SETTINGS.wrong(name, problem or name, _DO.get(name, _ELSE)) for name, _, problem in lines]
    if source := _source(env_file):
        return [SETTINGS.well("source", f"read from the environment and {source}"), *found]
    return found


def _source(env_file: Path) -> str:
    return str(env_file.absolute()) if env_file.is_file() else ""
