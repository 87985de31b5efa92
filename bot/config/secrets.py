"""Reads the secrets of a flow from where the configuration file says that they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.config.effective import EffectiveFlow
from bot.flowise import extra_headers
from bot.slack import tokens

_MOST_BYTES = 10_000


@dataclass(frozen=True, slots=True)
class FlowSecrets:
    """What is secret between the bot and the Flowise of a flow; `api_key` is empty where there is none."""

    api_key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def values(self) -> tuple[str, ...]:
        """Every secret value, to be redacted from the log."""
        return (*filter(None, [self.api_key]), *extra_headers.secrets(self.headers))


class SecretMissing(Exception):
    """A secret cannot be used: `key` is the key of the flow that names it, `reason` says why, without the secret."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key
        self.reason = reason


def secrets_of(flow: EffectiveFlow, variables: Mapping[str, str], folder: Path) -> FlowSecrets:
    """Return the secrets of a flow. `variables` are the environment's, `folder` that of the configuration file.

    Raises:
        SecretMissing: one is not where it should be, or is none.
    """
    key = _from_file("api_key_file", folder, flow.api_key_file) if flow.api_key_file else ""
    if flow.api_key_env:
        key = _from_variable("api_key_env", variables, flow.api_key_env)
        _check("api_key_env", key)
    headers: Mapping[str, str] = {}
    if flow.headers_env:
        try:
            headers = extra_headers.read(_from_variable("headers_env", variables, flow.headers_env))
        except ValueError as error:
            raise SecretMissing("headers_env", f"{flow.headers_env}: {error}") from None
        if key and extra_headers.replaces_key(headers):
            raise SecretMissing("headers_env", f"{flow.headers_env}: expected no Authorization in it, but the key")
    return FlowSecrets(key, headers)


def _from_variable(key: str, variables: Mapping[str, str], name: str) -> str:
    value = variables.get(name, "")
    if not value:
        raise SecretMissing(
            key, f"{name} is not set; expected the secret in this environment variable, before the start"
        )
    return value


def _from_file(key: str, folder: Path, name: str) -> str:
    try:
        with (folder / name).open("rb") as file:
            value = file.read(_MOST_BYTES).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SecretMissing(key, f"expected a file with the secret; it cannot be read ({reason})") from None
    _check(key, value)
    return value


def _check(key: str, value: str) -> None:
    try:
        if not value:
            raise ValueError("expected the secret; it is empty")
        tokens.check(value, tokens.ANY)
    except ValueError as error:
        raise SecretMissing(key, str(error)) from None
