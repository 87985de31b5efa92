"""Reads and validates the settings from the environment and .env."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import structlog
from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot.errors import SettingsError
from bot.flowise import extra_headers
from bot.flowise.flow_address import chatflow_id, server_url
from bot.network.base_url import base_url
from bot.network.proxies import proxy_url
from bot.settings.errors import NOT_UTF_8, about_file, problems_of, worded
from bot.slack import asker, deciders, help_contact, tokens
from bot.slack.command_name import command_name
from bot.slack.text import link_hosts
from bot.store import address

log = structlog.get_logger(__name__)


def _slack_api_url(value: str) -> str:
    return base_url(value) + "/"


def _redis_url(value: str) -> str:
    address.read(value)
    return value


def _help_contact(value: str) -> str:
    help_contact.asks(value)
    return value


def _link_hosts(value: str) -> str:
    link_hosts.read(value)
    return value


def _decisions(value: str) -> str:
    deciders.deciders(value)
    return value


def _asker_fields(value: str) -> str:
    asker.fields(value)
    return value


def _introduced(value: str) -> str:
    asker.introduced(value)
    return value


def _is(kind: tokens.Kind) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        tokens.check(value.get_secret_value(), kind)
        return value

    return AfterValidator(check)


def _proxy(value: str) -> str:
    proxy_url(value)
    return value


Word = _is(tokens.ANY)
Proxy = Annotated[Annotated[str, AfterValidator(_proxy)] | None, Field(repr=False)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]


_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_EVERYWHERE = frozenset({"0.0.0.0", "::", *_THIS_MACHINE})  # noqa: S104


class Settings(BaseSettings):
    """All settings, from the environment or a file `.env`. `.env.example` explains each."""

    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    # A rule about two settings stands with the second: pydantic reports it together with what else is wrong.
    slack_bot_token: Annotated[SecretStr, _is(tokens.BOT)]
    slack_signing_secret: Annotated[SecretStr, _is(tokens.SIGNING_SECRET)] | None = None
    slack_app_token: Annotated[Annotated[SecretStr, _is(tokens.APP)] | None, Field(validate_default=True)] = None
    slack_command: Annotated[str, AfterValidator(command_name)] = "/flowise"
    slack_api_url: Annotated[str, AfterValidator(_slack_api_url)] = "https://slack.com/api/"
    slack_edit_interval: Annotated[float, Field(ge=0.4, le=60)] = 1.2
    slack_delivery: Literal["edit", "stream", "auto"] | None = None
    slack_rate_scale: Annotated[float, Field(gt=0, le=100)] = 1

    bot_config: Path | None = None
    flowise_url: Annotated[str, Field(validate_default=True)] = ""
    flowise_chatflow_id: Annotated[str, Field(validate_default=True)] = ""
    flowise_api_key: Annotated[SecretStr, Word] | None = None
    flowise_vars: Annotated[str, AfterValidator(_asker_fields)] = ""
    flowise_state: Annotated[str, AfterValidator(_asker_fields)] = ""
    flowise_headers: Annotated[SecretStr | None, Field(validate_default=True)] = None
    flowise_connect_timeout: Seconds = 10
    flowise_headers_timeout: Seconds = 30
    flowise_json_timeout: Seconds = 600
    flowise_silence_timeout: Seconds = 75
    flowise_event_timeout: Seconds = 180
    flowise_total_timeout: Annotated[float, Field(ge=0, le=86_400)] = 1800
    flowise_left_run_wait: Annotated[float, Field(ge=0, le=3600)] = 60
    flowise_frame_limit: Annotated[int, Field(ge=65_536)] = 2_097_152

    redis_required: bool = False
    redis_url: Annotated[
        Annotated[str, AfterValidator(_redis_url)] | None, Field(repr=False, validate_default=True)
    ] = None
    data_dir: Path = Path(".data")

    bot_agent_view: bool = False
    bot_follow_ups: Literal["all", "mentions"] = "all"
    bot_small_talk: Literal["ignore", "answer"] = "ignore"
    bot_context_messages: Annotated[int, Field(ge=0, le=200)] = 20
    bot_most_predictions: Annotated[int, Field(ge=1, le=10_000)] = 100
    bot_show_steps: Literal["full", "line", "off"] = "full"
    bot_link_hosts: Annotated[str, AfterValidator(_link_hosts)] = ""
    bot_most_messages: Annotated[int, Field(ge=2, le=50)] = 10
    bot_conversation_days: Annotated[float, Field(gt=0, le=3650)] = 30
    bot_help_contact: Annotated[str, AfterValidator(_help_contact)] = ""
    bot_external_people: Literal["refuse", "answer"] = "refuse"
    bot_introduce: Annotated[str, AfterValidator(_introduced)] = ""
    bot_decisions: Annotated[str, AfterValidator(_decisions)] = "asker"
    bot_file_limit: Annotated[int, Field(ge=1024, le=36 * 1024**2)] = 10_485_760
    bot_files_to_store: bool = False
    bot_feedback: Literal["auto", "always", "off"] = "auto"
    bot_stop: Literal["asker", "everyone"] = "asker"
    bot_regenerate: bool = True
    bot_stop_grace: Annotated[float, Field(ge=0, le=600)] = 25

    https_proxy: Proxy = None
    http_proxy: Proxy = None
    no_proxy: str = ""
    ssl_cert_file: Path | None = None

    # All interfaces: a container platform's health checks come from outside, and Slack's requests are signed.
    host: str = "0.0.0.0"  # noqa: S104
    port: Annotated[int, Field(ge=0, le=65_535, validate_default=True)] = 3000
    metrics_port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    otel_exporter_otlp_endpoint: Annotated[str, AfterValidator(base_url)] | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"

    @field_validator("slack_app_token")
    @classmethod
    def _some_way_in(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        # A secret that is wrong is missing in the data, and is reported by itself.
        if value is None and info.data.get("slack_signing_secret", "wrong") is None:
            raise ValueError(f"not set; expected {tokens.APP.expected}, or for HTTP a SLACK_SIGNING_SECRET")
        return value

    @field_validator("flowise_url", "flowise_chatflow_id")
    @classmethod
    def _of_the_only_flow(cls, value: str, info: ValidationInfo) -> str:
        # With BOT_CONFIG, a flow there may say it for itself.
        if not value:
            if info.data.get("bot_config") is None:
                raise PydanticCustomError("missing", "not set")
            return value
        return server_url(value) if info.field_name == "flowise_url" else chatflow_id(value)

    @field_validator("flowise_headers")
    @classmethod
    def _readable(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        headers = extra_headers.read(value.get_secret_value()) if value else {}
        if extra_headers.replaces_key(headers) and info.data.get("flowise_api_key"):
            raise ValueError("expected no Authorization in it, which is where FLOWISE_API_KEY is sent")
        return value

    @field_validator("redis_url")
    @classmethod
    def _required(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None and info.data.get("redis_required"):
            raise ValueError("not set; expected the address of a Redis, because REDIS_REQUIRED is true")
        return value

    @field_validator("port")
    @classmethod
    def _not_flowise_s(cls, value: int, info: ValidationInfo) -> int:
        # Both take 3000 by default. Whoever of them starts later cannot listen, or asks itself.
        flowise = urlsplit(info.data.get("flowise_url", ""))
        if flowise.port == value and flowise.hostname in _THIS_MACHINE and info.data.get("host") in _EVERYWHERE:
            raise ValueError(f"is Flowise's on this machine, by FLOWISE_URL; expected another, such as {value + 1}")
        return value

    def extra_headers(self) -> Mapping[str, str]:
        """What is sent with every request to Flowise besides the key, from FLOWISE_HEADERS."""
        return extra_headers.read(self.flowise_headers.get_secret_value()) if self.flowise_headers else {}

    def secrets(self) -> tuple[str, ...]:
        """Every secret value, to be redacted from the log."""
        tokens = (self.slack_bot_token, self.slack_app_token, self.slack_signing_secret, self.flowise_api_key)
        proxies = [proxy_url(value) for value in (self.https_proxy, self.http_proxy) if value]
        written = [text for url in proxies for text in (url.raw_password, url.password) if text]
        passwords = (*address.secrets(self.redis_url or ""), *dict.fromkeys(written))
        return (
            *(token.get_secret_value() for token in tokens if token),
            *extra_headers.secrets(self.extra_headers()),
            *passwords,
        )


def read_settings(env_file: Path | None = Path(".env"), *, config: Path | None = None) -> Settings:
    """Read the settings from the environment, which takes precedence over `env_file`. `config` replaces BOT_CONFIG.

    Raises:
        SettingsError: one line for each setting that is missing or wrong, and for what is wrong with the file; no line
            contains a value.
    """
    logging.getLogger("dotenv").setLevel(logging.ERROR)  # what it warns of, `problems_of` says with a reason
    try:
        given = _lower_case() | ({"bot_config": str(config)} if config else {})
        return Settings(_env_file=env_file, **given)  # type: ignore[call-arg, arg-type]  # the others are read from there
    except ValidationError as error:
        file = about_file(error, env_file, Settings.model_fields) if env_file else []
        raise SettingsError("\n".join([*file, *worded(error)])) from None
    except OSError as error:
        raise SettingsError(f"{env_file}: cannot be read ({error.strerror or type(error).__name__})") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{env_file}: {NOT_UTF_8}") from None


def warn_of_file(env_file: Path = Path(".env")) -> None:
    """Log what is wrong with the file although all settings are valid: each of these lines has no effect."""
    for problem in problems_of(env_file, Settings.model_fields):
        log.warning("line of .env has no effect", reason=problem)


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
        raise SettingsError("\n".join(worded(error))) from None
