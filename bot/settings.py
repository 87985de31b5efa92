"""Reads and validates the settings from the environment and .env."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.errors import SettingsError
from bot.network.proxies import proxy_url
from bot.slack import deciders, help_contact
from bot.store import address


def _base_url(value: str) -> str:
    """An http(s) address without a query, with trailing slashes removed."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("expected an address such as https://flowise.example.com")
    if parts.username is not None or parts.password is not None:
        raise ValueError("expected an address without a name and password in it")
    return value.rstrip("/")


def _flowise_url(value: str) -> str:
    value = _base_url(value)
    if "/api/v1" in value or "/prediction" in value or "/canvas" in value:
        raise ValueError("expected the server's base address alone, without /api/v1 or a chatflow's path")
    return value


def _slack_api_url(value: str) -> str:
    return _base_url(value) + "/"


def _chatflow_id(value: str) -> str:
    if not value or not all(letter.isalnum() or letter == "-" for letter in value):
        raise ValueError("expected the id alone: the last part of the chatflow's address in Flowise")
    return value


def _redis_url(value: str) -> str:
    address.read(value)
    return value


def _command(value: str) -> str:
    # 32 characters: Slack docs, App manifest reference.
    if not value.startswith("/") or not 2 <= len(value) <= 32 or any(letter.isspace() for letter in value):
        raise ValueError("expected a slash and a name, such as /flowise, of at most 32 characters")
    return value.lower()


def _help_contact(value: str) -> str:
    help_contact.asks(value)
    return value


def _decisions(value: str) -> str:
    deciders.deciders(value)
    return value


def _starts(prefix: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(prefix):
            raise ValueError(f"expected a token that starts with {prefix}")
        return value

    return AfterValidator(check)


def _one_word(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text.isascii() or not text.isprintable() or any(letter.isspace() for letter in text):
        raise ValueError("expected one word of plain characters, without line breaks or spaces")
    return value


def _proxy(value: str) -> str:
    proxy_url(value)
    return value


Word = AfterValidator(_one_word)
Proxy = Annotated[Annotated[str, AfterValidator(_proxy)] | None, Field(repr=False)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Settings(BaseSettings):
    """All settings, from the environment or a file `.env`. `.env.example` explains each."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    slack_bot_token: Annotated[SecretStr, Word, _starts("xoxb-")]
    slack_app_token: Annotated[SecretStr, Word, _starts("xapp-")] | None = None
    slack_signing_secret: Annotated[SecretStr, Word] | None = None
    slack_command: Annotated[str, AfterValidator(_command)] = "/flowise"
    slack_api_url: Annotated[str, AfterValidator(_slack_api_url)] = "https://slack.com/api/"
    slack_edit_interval: Annotated[float, Field(ge=0.4, le=60)] = 1.2
    slack_delivery: Literal["edit", "stream", "auto"] = "edit"
    slack_rate_scale: Annotated[float, Field(gt=0, le=100)] = 1

    flowise_url: Annotated[str, AfterValidator(_flowise_url)]
    flowise_chatflow_id: Annotated[str, AfterValidator(_chatflow_id)]
    flowise_api_key: Annotated[SecretStr, Word] | None = None
    flowise_connect_timeout: Seconds = 10
    flowise_headers_timeout: Seconds = 30
    flowise_json_timeout: Seconds = 600
    flowise_silence_timeout: Seconds = 75
    flowise_event_timeout: Seconds = 180
    flowise_total_timeout: Annotated[float, Field(ge=0, le=86_400)] = 1800
    flowise_left_run_wait: Annotated[float, Field(ge=0, le=3600)] = 60
    flowise_frame_limit: Annotated[int, Field(ge=65_536)] = 2_097_152

    redis_url: Annotated[Annotated[str, AfterValidator(_redis_url)] | None, Field(repr=False)] = None
    redis_required: bool = False
    data_dir: Path = Path(".data")

    bot_follow_ups: Literal["all", "mentions"] = "all"
    bot_small_talk: Literal["ignore", "answer"] = "ignore"
    bot_context_messages: Annotated[int, Field(ge=0, le=200)] = 20
    bot_most_predictions: Annotated[int, Field(ge=1, le=10_000)] = 100
    bot_most_messages: Annotated[int, Field(ge=2, le=50)] = 10
    bot_conversation_days: Annotated[float, Field(gt=0, le=3650)] = 30
    bot_help_contact: Annotated[str, AfterValidator(_help_contact)] = ""
    bot_external_people: Literal["refuse", "answer"] = "refuse"
    bot_decisions: Annotated[str, AfterValidator(_decisions)] = "asker"
    bot_feedback: Literal["auto", "always", "off"] = "auto"
    bot_stop: Literal["asker", "everyone"] = "asker"
    bot_stop_grace: Annotated[float, Field(ge=0, le=600)] = 25

    https_proxy: Proxy = None
    http_proxy: Proxy = None
    no_proxy: str = ""
    ssl_cert_file: Path | None = None

    # All interfaces: a container platform's health checks come from outside, and Slack's requests are signed.
    host: str = "0.0.0.0"  # noqa: S104
    port: Annotated[int, Field(ge=0, le=65_535)] = 3000
    metrics_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    otel_exporter_otlp_endpoint: Annotated[str, AfterValidator(_base_url)] | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @model_validator(mode="after")
    def _agree(self) -> Settings:
        if self.slack_app_token is None and self.slack_signing_secret is None:
            raise ValueError(
                "SLACK_APP_TOKEN: expected an app-level token (xapp-…), or for HTTP a SLACK_SIGNING_SECRET"
            )
        if self.redis_required and self.redis_url is None:
            raise ValueError("REDIS_URL: expected the address of a Redis, because REDIS_REQUIRED is true")
        return self

    def secrets(self) -> tuple[str, ...]:
        """Every secret value, to be redacted from the log."""
        tokens = (self.slack_bot_token, self.slack_app_token, self.slack_signing_secret, self.flowise_api_key)
        proxies = [proxy_url(value) for value in (self.https_proxy, self.http_proxy) if value]
        written = [text for url in proxies for text in (url.raw_password, url.password) if text]
        passwords = (*address.secrets(self.redis_url or ""), *dict.fromkeys(written))
        return (*(token.get_secret_value() for token in tokens if token), *passwords)


def read_settings(env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings from the environment, which takes precedence over `env_file`.

    Raises:
        SettingsError: one line for each setting that is missing or wrong; no line contains a value.
    """
    try:
        return Settings(_env_file=env_file, **_lower_case())  # type: ignore[call-arg, arg-type]  # the others are read from there
    except ValidationError as error:
        raise _told(error) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{env_file}: expected a readable text file ({type(error).__name__})") from None


def _lower_case() -> dict[str, str]:
    """The proxy variables in lower case, which take precedence over upper case, as in curl."""
    return {name: os.environ[name] for name in ("https_proxy", "http_proxy", "no_proxy") if os.environ.get(name)}


class _Given(Settings):
    """Settings from arguments only, without the environment and .env."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        *_: PydanticBaseSettingsSource,
        **__: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def checked(given: Mapping[str, object]) -> Settings:
    """The settings from these variables and nothing else. Raises SettingsError as `read_settings` does."""
    try:
        return _Given.model_validate({name.lower(): value for name, value in given.items()})
    except ValidationError as error:
        raise _told(error) from None


def _told(error: ValidationError) -> SettingsError:
    return SettingsError("\n".join(_line(dict(problem)) for problem in error.errors()))


_EXPECTED = {
    "slack_bot_token": "the bot token (xoxb-…) from OAuth & Permissions",
    "flowise_url": "the address of your Flowise, such as http://localhost:3000",
    "flowise_chatflow_id": "the chatflow's id: the last part of its address in Flowise",
}


def _line(problem: dict[str, object]) -> str:
    where = problem["loc"]
    message = str(problem["msg"]).removeprefix("Value error, ")
    if not isinstance(where, tuple) or not where:
        return message  # rules that concern several settings name them
    name = str(where[0]).lower()
    if problem["type"] == "missing":
        return f"{name.upper()}: not set; expected {_EXPECTED.get(name, 'a value')}"
    return f"{name.upper()}: {message[0].lower()}{message[1:]}"
