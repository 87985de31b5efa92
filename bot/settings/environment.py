"""Hands the settings to the configuration file, whose keys stand before most of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from bot.config.effective import Effective, Environment
from bot.config.live import LiveConfiguration
from bot.config.merging import HEADERS_SETTING, KEY_SETTING
from bot.errors import SettingsError
from bot.settings.settings import Settings
from bot.slack import asker


def environment_of(settings: Settings) -> Environment:
    """The settings by the names of their variables, and which of them somebody has set."""
    values = {name.upper(): getattr(settings, name) for name in Settings.model_fields}
    given = (name.upper() for name in settings.model_fields_set)
    return Environment(values, frozenset(name for name in given if values[name] is not None))


def variables_of(settings: Settings, env_file: Path = Path(".env")) -> Mapping[str, str]:
    """The environment's variables, in which the secrets of flows may be; those of `env_file` stand behind them."""
    secrets = ((KEY_SETTING, settings.flowise_api_key), (HEADERS_SETTING, settings.flowise_headers))
    read = {name: secret.get_secret_value() for name, secret in secrets if secret}
    written = {name: value for name, value in dotenv_values(env_file).items() if value}
    return {**written, **os.environ, **read}


def configuration_of(settings: Settings, env_file: Path = Path(".env")) -> LiveConfiguration:
    """The configuration by these settings, and by the file that they name. Raises SettingsError."""
    return LiveConfiguration(environment_of(settings), variables_of(settings, env_file), settings.bot_config)


def tells_email(settings: Settings, effective: Effective) -> bool:
    """Whether a flow is told the asker's e-mail address, for which Slack wants a scope of its own."""
    told = {name for flow in effective.flows.values() for name in (*flow.vars, *flow.state)}
    return asker.EMAIL in told | {*asker.introduced(settings.bot_introduce)}


def config_path(env_file: Path = Path(".env")) -> Path:
    """Where the configuration file is, while no other setting has to be there. Raises SettingsError."""
    name = os.environ.get("BOT_CONFIG") or dotenv_values(env_file).get("BOT_CONFIG")
    if not name:
        raise SettingsError("BOT_CONFIG: not set; expected the path of a configuration file, such as bot.toml")
    return Path(name)
