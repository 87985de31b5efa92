"""Holds the configuration that is in force, and takes what changes: in the file, in its secrets, in App Home.

Whoever acts by the configuration reads `effective` anew each time. What is wrong changes nothing: the configuration
before it stays in force, and `problem` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import structlog
from pydantic import ValidationError

from bot.config.effective import Effective, Environment
from bot.config.loading import Loaded, load
from bot.config.merging import effective
from bot.config.model import HomeSettings
from bot.config.secrets import FlowSecrets, secrets_of
from bot.errors import SettingsError

log = structlog.get_logger(__name__)


class LiveConfiguration:
    """What holds now. `path` is that of the configuration file, None where there is none; `variables` are the
    environment's, in which secrets may be: they are those of the start for as long as the process lives.

    Raises SettingsError: the file cannot be used, and nothing is in force yet.
    """

    def __init__(self, environment: Environment, variables: Mapping[str, str], path: Path | None = None) -> None:
        self._environment = environment
        self._variables = variables
        self._path = path
        self._home = HomeSettings()
        self._home_text = ""
        self._watchers: list[Callable[[], None]] = []
        self._file = load(path, environment, variables) if path is not None else None
        self._seen: Loaded | str | None = self._file
        self._problem = ""
        self._effective = self._merged()
        self._secrets = self._secrets_now()

    @property
    def effective(self) -> Effective:
        """What holds."""
        return self._effective

    @property
    def secrets(self) -> Mapping[str, FlowSecrets]:
        """The secrets of each flow, by its name."""
        return self._secrets

    def hidden(self) -> tuple[str, ...]:
        """Every secret value, to be redacted from the log."""
        return tuple(value for secrets in self._secrets.values() for value in secrets.values())

    @property
    def has_file(self) -> bool:
        """Whether there is a configuration file, in which flows have names."""
        return self._path is not None

    @property
    def home(self) -> HomeSettings:
        """What admins have set in Slack, whether the file goes before it or not."""
        return self._home

    @property
    def fixes_default(self) -> bool:
        """Whether the file says which flow answers where no route fits."""
        return self._file is not None and "default" in self._file.file.model_fields_set

    @property
    def problem(self) -> str:
        """Why the file, as it is now, is not in force, without secrets; empty where it is."""
        return self._problem

    def when_changed(self, call: Callable[[], None]) -> None:
        """Have `call` called each time that something else holds."""
        self._watchers.append(call)

    def read(self) -> Loaded | str | None:
        """The file as it is now; or what is wrong with it, and None where there is none. Changes nothing, so that it
        may be done in a thread; `take` is given what it returns."""
        if self._path is None:
            return None
        try:
            return load(self._path, self._environment, self._variables)
        except SettingsError as error:
            return str(error)

    def take(self, found: Loaded | str | None) -> None:
        """Put in force what `read` has found, once it finds the same twice: a file may be read while it is written."""
        is_settled, self._seen = found == self._seen, found
        if not is_settled:
            return
        if isinstance(found, str):
            if found != self._problem:
                log.warning("configuration file rejected", reason=found, do="Correct it. What was read before holds.")
            self._problem = found
            return
        if self._problem:
            log.info("configuration file accepted")
        self._problem = ""
        if found != self._file:
            self._file = found
            self._put_in_force()

    def take_home(self, text: str) -> None:
        """Put in force what admins have set in Slack: the JSON of `HomeSettings`, empty where nothing was set."""
        if text == self._home_text:
            return
        self._home_text = text
        try:
            self._home = HomeSettings.model_validate_json(text) if text else HomeSettings()
        except ValidationError as error:
            log.warning("settings of App Home rejected", reason=f"{error.error_count()} of them cannot be read")
            return
        self._put_in_force()

    def _put_in_force(self) -> None:
        before = self._effective, self._secrets
        self._effective, self._secrets = self._merged(), self._secrets_now()
        if before == (self._effective, self._secrets):
            return
        log.info("configuration changed", flows=list(self._effective.flows), routes=len(self._effective.routes))
        for call in self._watchers:
            call()

    def _merged(self) -> Effective:
        return effective(self._environment, self._file.file if self._file else None, self._home)

    def _secrets_now(self) -> Mapping[str, FlowSecrets]:
        if self._file is not None:
            return self._file.secrets
        flows = self._effective.flows.items()
        return {name: secrets_of(flow, self._variables, Path()) for name, flow in flows}
