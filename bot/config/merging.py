"""Works out what holds: for each key the first of file, environment and App Home that has it, or else its default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bot.config.effective import (
    Effective,
    EffectiveAccess,
    EffectiveFairness,
    EffectiveFlow,
    EffectiveRoute,
    Environment,
    Listed,
    Origin,
    Value,
)
from bot.config.model import Access, Configuration, Fairness, Flow, HomeSettings, Route, Setting, Table
from bot.slack import asker

KEY_SETTING: Final = "FLOWISE_API_KEY"
HEADERS_SETTING: Final = "FLOWISE_HEADERS"
_URL_SETTING: Final = "FLOWISE_URL"
# Settings that are a list of names, as text.
_LISTS: Final = {"FLOWISE_VARS": asker.fields, "FLOWISE_STATE": asker.fields}


def effective(
    environment: Environment, file: Configuration | None = None, home: HomeSettings | None = None
) -> Effective:
    """Work out what holds. A flow that was chosen in App Home and is no longer in the file is left out."""
    merging = _Merging(environment)
    home = home or HomeSettings()
    found = {name: _flow(merging, name, flow) for name, flow in file.flows.items()} if file else {"": _only(merging)}
    return Effective(
        flows=found,
        default=_default(merging, file, home) if file else "",
        routes=tuple(_routes(merging, file, home)) if file else (),
        follow_ups=merging.setting("follow_ups", "BOT_FOLLOW_UPS"),
        access=_access(merging, file.access if file else Access(), home.access),
        fairness=EffectiveFairness(
            **merging.table("fairness", Fairness, file.fairness if file else Fairness(), home.fairness)
        ),
        admins=frozenset(merging.value("admins.people", file.admins, None, "people") if file else ()),
        values=tuple(merging.values.values()),
    )


def setting_of(table: type[Table], name: str) -> str:
    """The setting that holds where the file does not have a key; empty for none."""
    marks = (mark for mark in table.model_fields[name].metadata if isinstance(mark, Setting))
    return next((mark.name for mark in marks), "")


class _Merging:
    """Takes each value from where it holds, and lists it."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.values: dict[str, Value] = {}

    def is_given(self, setting: str) -> bool:
        """Whether somebody has set a setting."""
        return setting in self._environment.given

    def value(self, key: str, file: Table, home: Table | None, name: str) -> Any:
        """The value of the field `name` of two tables, which is listed as `key`."""
        setting = setting_of(type(file), name)
        if name in file.model_fields_set:
            return self.listed(key, getattr(file, name), Origin.FILE)
        if self.is_given(setting) or (setting and (home is None or name not in home.model_fields_set)):
            return self.setting(key, setting)
        if home is not None and name in home.model_fields_set:
            return self.listed(key, getattr(home, name), Origin.HOME)
        return self.listed(key, getattr(file, name), Origin.DEFAULT)

    def table(self, prefix: str, model: type[Table], file: Table, home: Table | None) -> dict[str, Any]:
        """The values of all keys of a table that has no tables in it."""
        return {name: self.value(f"{prefix}.{name}", file, home, name) for name in model.model_fields}

    def setting(self, key: str, setting: str) -> Any:
        """The value of a setting, which is listed as `key`."""
        value = self._environment.settings[setting]
        read = _LISTS[setting](str(value)) if setting in _LISTS else value
        return self.listed(key, read, Origin.ENVIRONMENT if self.is_given(setting) else Origin.DEFAULT)

    def listed(self, key: str, value: object, origin: Origin) -> Any:
        """A value, once it is listed."""
        self.values[key] = Value(key, value, origin)
        return value

    def url(self) -> object:
        """The address of the Flowise that the settings for all flows are about."""
        return self._environment.settings[_URL_SETTING]


def _flow(merging: _Merging, name: str, flow: Flow, prefix: str = "") -> EffectiveFlow:
    prefix = prefix or f"flows.{name}"
    values = merging.table(prefix, Flow, flow, None)
    # Another server must not be given what is secret between the bot and that one.
    if values["url"] == merging.url():
        if not (values["api_key_env"] or values["api_key_file"]) and merging.is_given(KEY_SETTING):
            values["api_key_env"] = merging.listed(f"{prefix}.api_key_env", KEY_SETTING, Origin.ENVIRONMENT)
        if not values["headers_env"] and merging.is_given(HEADERS_SETTING):
            values["headers_env"] = merging.listed(f"{prefix}.headers_env", HEADERS_SETTING, Origin.ENVIRONMENT)
    texts = ("api_key_env", "api_key_file", "headers_env", "title", "description")
    return EffectiveFlow(name=name, **values | {text: values[text] or "" for text in texts})


def _only(merging: _Merging) -> EffectiveFlow:
    """The flow of a bot without a configuration file."""
    return _flow(merging, "", Flow(), "flow")


def _default(merging: _Merging, file: Configuration, home: HomeSettings) -> str | None:
    known = home if home.default in file.flows else None
    default: str | None = merging.value("default", file, known, "default")
    return default


def _routes(merging: _Merging, file: Configuration, home: HomeSettings) -> Iterator[EffectiveRoute]:
    """The routes of the file, and then those of App Home."""
    for origin, routes in ((Origin.FILE, file.routes), (Origin.HOME, home.routes)):
        for index, route in enumerate(routes):
            if route.flow in file.flows:
                prefix = f"routes[{index}]" if origin is Origin.FILE else f"App Home's routes[{index}]"
                yield _route(merging, prefix, route, origin)


def _route(merging: _Merging, prefix: str, route: Route, origin: Origin) -> EffectiveRoute:
    for name in Route.model_fields:
        if name in route.model_fields_set:
            merging.listed(f"{prefix}.{name}", getattr(route, name), origin)
    return EffectiveRoute(
        flow=route.flow,
        channels=_set(route.channels),
        commands=_set(route.commands),
        keywords=_set(route.keywords),
        direct_messages=route.direct_messages,
        follow_ups=route.follow_ups,
        origin=origin,
    )


def _access(merging: _Merging, file: Access, home: Access) -> EffectiveAccess:
    def listed(name: str) -> Listed:
        ours: Table = getattr(file, name)
        values: Mapping[str, Any] = merging.table(f"access.{name}", type(ours), ours, getattr(home, name))
        return Listed(_set(values["allow"]), _set(values["deny"]) or frozenset())

    return EffectiveAccess(
        people=listed("people"),
        groups=listed("groups"),
        channels=listed("channels"),
        guests=merging.value("access.guests", file, home, "guests") == "answer",
        outsiders=merging.value("access.outsiders", file, home, "outsiders") == "answer",
    )


def _set(values: tuple[str, ...] | None) -> frozenset[str] | None:
    return frozenset(values) if values is not None else None
