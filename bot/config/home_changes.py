"""Changes what admins have set in App Home, one setting at a time, and leaves the others as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from bot.config.model import HomeSettings, Route


class UnusableSettingError(ValueError):
    """What was chosen is none that can be set."""


def home_settings(text: str) -> HomeSettings:
    """What is set, by its JSON, empty for nothing. Raises UnusableSettingError: it cannot be read."""
    try:
        return HomeSettings.model_validate_json(text) if text else HomeSettings()
    except ValidationError as error:
        raise UnusableSettingError(f"{error.error_count()} of the settings cannot be read") from None


def as_json(home: HomeSettings) -> str:
    """The settings as they are stored."""
    return home.model_dump_json(exclude_unset=True)


def channels_of(home: HomeSettings, flow: str) -> tuple[str, ...]:
    """The channels that lead to a flow by nothing but the channel."""
    return tuple(channel for route in home.routes if _is_of(route, flow) for channel in route.channels or ())


def with_channels(home: HomeSettings, flow: str, channels: Sequence[str]) -> HomeSettings:
    """Have a flow answer in these channels, and in no others by App Home. A channel leads to one flow, so it goes from
    the others.

    Raises:
        UnusableSettingError: one of them is no channel.
    """
    chosen = frozenset(channels)
    kept: list[dict[str, Any]] = []
    for route in home.routes:
        if _is_of(route, flow):
            continue
        if _is_of(route, route.flow):
            left = [channel for channel in route.channels or () if channel not in chosen]
            kept += [{"flow": route.flow, "channels": left}] if left else []
        else:
            kept.append(route.model_dump(mode="json", exclude_unset=True))
    if channels:
        kept.append({"flow": flow, "channels": list(dict.fromkeys(channels))})
    return _changed(home, "routes", kept)


def with_default(home: HomeSettings, flow: str) -> HomeSettings:
    """Have a flow answer where no route fits; empty: none does. Raises UnusableSettingError: it is no name."""
    return _changed(home, "default", flow or None)


def _is_of(route: Route, flow: str) -> bool:
    """Whether a route is one that App Home has made: to that flow, from channels, on no other condition."""
    return route.flow == flow and route.model_fields_set == {"flow", "channels"}


def _changed(home: HomeSettings, key: str, value: object) -> HomeSettings:
    held = home.model_dump(mode="json", exclude_unset=True) | {key: value}
    if not value:
        del held[key]
    try:
        return HomeSettings.model_validate(held)
    except ValidationError as error:
        raise UnusableSettingError(f"{error.error_count()} of the settings cannot be set") from None
