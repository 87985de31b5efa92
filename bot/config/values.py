"""Defines the kinds of values of the configuration file: names, ids, rates. Each says what is expected in its place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from bot.flowise import flow_address
from bot.slack.asker import FIELDS
from bot.slack.command_name import command_name

_SECONDS: Final = {"minute": 60, "hour": 3600, "day": 86_400}
_RATE = re.compile(r"([1-9][0-9]{0,5})/(minute|hour|day)")


@dataclass(frozen=True, slots=True)
class Matches:
    """Marks text that matches a pattern as a whole; `expected` says so in words, and repeats no value."""

    pattern: str
    expected: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(schema) | {"pattern": f"^(?:{self.pattern})$"}

    def checked(self, value: str) -> str:
        """Return the text. Raises ValueError."""
        if not re.fullmatch(self.pattern, value):
            raise ValueError(f"expected {self.expected}")
        return value


@dataclass(frozen=True, slots=True)
class Rate:
    """How many questions are allowed in a time, which is `seconds` long: `30/hour`."""

    count: int
    seconds: int

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls.read(str(value)),
            serialization=core_schema.to_string_ser_schema(),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^(?:{_RATE.pattern})$", "examples": ["30/hour"]}

    @classmethod
    def read(cls, text: str) -> Rate:
        """Read a rate such as `30/hour`. Raises ValueError."""
        found = _RATE.fullmatch(text)
        if found is None:
            raise ValueError('expected a number and minute, hour or day, such as "30/hour"')
        return cls(int(found[1]), _SECONDS[found[2]])

    def __str__(self) -> str:
        unit = next(unit for unit, seconds in _SECONDS.items() if seconds == self.seconds)
        return f"{self.count}/{unit}"


def _url(value: str) -> str:
    return flow_address.server_url(value, "chatflow_id")


def _lower(value: str) -> str:
    return value.casefold()


FlowName = Annotated[
    str, Matches(r"[a-z0-9][a-z0-9_-]{0,39}", "a name of small letters, digits, - and _, such as handbook")
]
"""The name of a flow in the file: what people type, and what the bot notes of a thread."""

Channel = Annotated[str, Matches(r"[CG][A-Z0-9]{7,}", "a channel's id, such as C0123ABCD")]
Person = Annotated[str, Matches(r"[UW][A-Z0-9]{7,}", "a person's id, such as U0123ABCD")]
Group = Annotated[str, Matches(r"S[A-Z0-9]{7,}", "a user group's id, such as S0123ABCD")]
Command = Annotated[str, AfterValidator(command_name)]
Keyword = Annotated[
    str, Matches(r"[^\s:,]{1,40}", "one word without spaces, colons and commas"), AfterValidator(_lower)
]
ChatflowId = Annotated[str, AfterValidator(flow_address.chatflow_id)]
FlowiseUrl = Annotated[str, AfterValidator(_url)]
EnvironmentName = Annotated[
    str, Matches(r"[A-Za-z_][A-Za-z0-9_]{0,99}", "the name of an environment variable, which holds the secret")
]
FilePath = Annotated[str, Matches(r"[^\x00-\x1f]{1,1000}", "the path of a file, which holds the secret")]
Title = Annotated[str, Matches(r"[^\x00-\x1f\x7f]{1,60}", "a name of at most 60 characters in one line")]
Description = Annotated[str, Matches(r"[^\x00-\x1f\x7f]{1,300}", "a sentence of at most 300 characters in one line")]
AskerField = Annotated[str, Matches("|".join(FIELDS), f"names out of {', '.join(FIELDS)}")]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
SecondsOrZero = Annotated[float, Field(ge=0, le=86_400)]
UpToAnHour = Annotated[float, Field(ge=0, le=3600)]
