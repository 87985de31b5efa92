"""Makes configurations for tests, of files and settings in text."""

from __future__ import annotations

from bot.config.effective import Effective, Environment
from bot.config.merging import effective
from bot.config.model import HomeSettings
from bot.config.reading import configuration
from bot.settings.environment import environment_of
from bot.settings.settings import checked

LEAST = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "BOT_CONFIG": "bot.toml"}
FLOWS = """
[flows.handbook]
chatflow_id = "h"
[flows.it]
chatflow_id = "i"
[flows.law]
chatflow_id = "l"
"""


def environment(**settings: str) -> Environment:
    return environment_of(checked(LEAST | {"FLOWISE_URL": "http://flowise:3000"} | settings))


def held(text: str, home: HomeSettings | None = None, **settings: str) -> Effective:
    """What holds by a file with these lines, which come before three flows."""
    return effective(environment(**settings), configuration(text + FLOWS, "bot.toml"), home)
