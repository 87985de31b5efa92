"""Loads the configuration file with the secrets that it refers to, or says what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.config.effective import Effective, Environment
from bot.config.lines import Path as KeyPath
from bot.config.merging import effective
from bot.config.model import Configuration
from bot.config.reading import configuration, read_file, sorted_by_line
from bot.config.secrets import FlowSecrets, SecretMissing, secrets_of
from bot.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration file that can be used, with the secrets of its flows by their names."""

    file: Configuration
    secrets: Mapping[str, FlowSecrets]


def load(path: Path, environment: Environment, variables: Mapping[str, str]) -> Loaded:
    """Read the file at `path`. `variables` are the environment's, in which secrets may be.

    Raises:
        SettingsError: a line for each mistake, with its place and what is expected. No line holds a secret.
    """
    text = read_file(path)
    file = configuration(text, path.name)
    held, secrets = effective(environment, file), dict[str, FlowSecrets]()
    found = list(_missing(held))
    for name, flow in held.flows.items():
        try:
            secrets[name] = secrets_of(flow, variables, path.absolute().parent)
        except SecretMissing as missing:
            found.append((("flows", name, missing.key), missing.reason))
    if found:
        raise SettingsError("\n".join(sorted_by_line(path.name, text, found)))
    return Loaded(file, secrets)


def _missing(held: Effective) -> Iterator[tuple[KeyPath, str]]:
    for name, flow in held.flows.items():
        if not flow.chatflow_id:
            expected = "expected the chatflow's id, here or in FLOWISE_CHATFLOW_ID"
            yield ("flows", name, "chatflow_id"), f"not set; {expected}"
        if not flow.url:
            yield ("flows", name, "url"), "not set; expected the address of its Flowise, here or in FLOWISE_URL"
