"""Defines the configuration file: its tables, their keys, and the setting in whose place each key stands.

A key that is missing is None. `bot.config.effective` says what holds then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.config.values import (
    AskerField,
    Channel,
    ChatflowId,
    Command,
    Description,
    EnvironmentName,
    FilePath,
    FlowiseUrl,
    FlowName,
    Group,
    Keyword,
    Person,
    Rate,
    Seconds,
    SecondsOrZero,
    Title,
    UpToAnHour,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """Marks a key that is the setting of this name where the file does not have it."""

    name: str


class Table(BaseModel):
    """A table of the file: no key is unknown, and nothing changes once it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Flow(Table):
    """A chatflow in Flowise, under a name of its own."""

    chatflow_id: Annotated[
        ChatflowId | None,
        Setting("FLOWISE_CHATFLOW_ID"),
        Field(description="the chatflow's id: the last part of its address in Flowise"),
    ] = None
    url: Annotated[
        FlowiseUrl | None, Setting("FLOWISE_URL"), Field(description="the base address of its Flowise, without /api/v1")
    ] = None
    api_key_env: Annotated[
        EnvironmentName | None,
        Field(
            description="the environment variable with the key that is bound to the chatflow. Without it and "
            "`api_key_file`, a flow at FLOWISE_URL has FLOWISE_API_KEY"
        ),
    ] = None
    api_key_file: Annotated[
        FilePath | None,
        Field(
            description="a file with that key instead, which is read again when it changes; from the folder of the "
            "configuration file"
        ),
    ] = None
    headers_env: Annotated[
        EnvironmentName | None,
        Field(
            description="the environment variable with the headers that a proxy before this Flowise asks for, as in "
            "FLOWISE_HEADERS. Without it, a flow at FLOWISE_URL has those"
        ),
    ] = None
    title: Annotated[Title | None, Field(description="what people read; without it, the flow's name")] = None
    description: Annotated[Description | None, Field(description="a sentence on what it answers")] = None
    feedback: Annotated[
        Literal["auto", "always", "off"] | None, Setting("BOT_FEEDBACK"), Field(description="who can rate its answers")
    ] = None
    files_to_store: Annotated[
        bool | None,
        Setting("BOT_FILES_TO_STORE"),
        Field(description="whether attached documents are added to its vector store"),
    ] = None
    vars: Annotated[
        tuple[AskerField, ...] | None,
        Setting("FLOWISE_VARS"),
        Field(description="what it is told of whoever asks, as variables"),
    ] = None
    state: Annotated[
        tuple[AskerField, ...] | None,
        Setting("FLOWISE_STATE"),
        Field(description="the same names, with which its state begins"),
    ] = None
    connect_timeout: Annotated[
        Seconds | None, Setting("FLOWISE_CONNECT_TIMEOUT"), Field(description="how long a connection is waited for")
    ] = None
    headers_timeout: Annotated[
        Seconds | None, Setting("FLOWISE_HEADERS_TIMEOUT"), Field(description="the beginning of a stream")
    ] = None
    json_timeout: Annotated[
        Seconds | None,
        Setting("FLOWISE_JSON_TIMEOUT"),
        Field(description="the whole answer of a flow that cannot stream"),
    ] = None
    silence_timeout: Annotated[
        Seconds | None, Setting("FLOWISE_SILENCE_TIMEOUT"), Field(description="a byte, once a heartbeat was seen")
    ] = None
    event_timeout: Annotated[
        Seconds | None, Setting("FLOWISE_EVENT_TIMEOUT"), Field(description="an event; heartbeats do not count")
    ] = None
    total_timeout: Annotated[
        SecondsOrZero | None,
        Setting("FLOWISE_TOTAL_TIMEOUT"),
        Field(description="the end of the answer; 0 waits for ever"),
    ] = None
    left_run_wait: Annotated[
        UpToAnHour | None,
        Setting("FLOWISE_LEFT_RUN_WAIT"),
        Field(description="how long the next question waits for a run that broke off"),
    ] = None
    frame_limit: Annotated[
        int | None,
        Setting("FLOWISE_FRAME_LIMIT"),
        Field(ge=65_536, description="the largest event, or whole answer in JSON, that is read, in bytes"),
    ] = None

    @model_validator(mode="after")
    def _one_key(self) -> Flow:
        if self.api_key_env and self.api_key_file:
            raise ValueError("expected one of api_key_env and api_key_file, not both")
        return self


class Route(Table):
    """What leads to a flow. All conditions that are there must hold; of a list, any."""

    flow: Annotated[FlowName, Field(description="the flow that answers")]
    channels: Annotated[
        tuple[Channel, ...] | None, Field(min_length=1, description="the question is asked in one of these channels")
    ] = None
    commands: Annotated[
        tuple[Command, ...] | None, Field(min_length=1, description="it is asked with one of these slash commands")
    ] = None
    keywords: Annotated[
        tuple[Keyword, ...] | None,
        Field(min_length=1, description="its first word is one of these; the word stays in the question"),
    ] = None
    direct_messages: Annotated[
        bool | None, Field(description="true: it is asked in a direct message. false: it is not")
    ] = None
    follow_ups: Annotated[
        Literal["all", "mentions"] | None,
        Setting("BOT_FOLLOW_UPS"),
        Field(description="which messages of the threads that begin by this route are questions"),
    ] = None

    @model_validator(mode="after")
    def _some_condition(self) -> Route:
        if all(given is None for given in (self.channels, self.commands, self.keywords, self.direct_messages)):
            raise ValueError(
                "expected one of channels, commands, keywords and direct_messages; the flow for everything else is the "
                "key default"
            )
        return self


class People(Table):
    """People by their ids."""

    allow: Annotated[
        tuple[Person, ...] | None, Field(description="nobody else may ask, but members of the allowed groups")
    ] = None
    deny: Annotated[tuple[Person, ...] | None, Field(description="these may not, whatever else allows it")] = None


class Groups(Table):
    """User groups by their ids; needs the scope usergroups:read."""

    allow: Annotated[tuple[Group, ...] | None, Field(description="nobody else may ask, but the allowed people")] = None
    deny: Annotated[tuple[Group, ...] | None, Field(description="their members may not")] = None


class Channels(Table):
    """Channels by their ids."""

    allow: Annotated[tuple[Channel, ...] | None, Field(description="no other channel is answered in")] = None
    deny: Annotated[tuple[Channel, ...] | None, Field(description="these are not")] = None


class Access(Table):
    """Who may ask, and where. What is denied is denied, whatever allows it."""

    people: People = People()
    groups: Groups = Groups()
    channels: Channels = Channels()
    guests: Annotated[Literal["answer", "refuse"], Field(description="guests of the workspace")] = "answer"
    outsiders: Annotated[
        Literal["answer", "refuse"] | None,
        Setting("BOT_EXTERNAL_PEOPLE"),
        Field(description="people of other organisations in shared channels"),
    ] = None


class Fairness(Table):
    """How much may be asked."""

    questions_per_person: Annotated[Rate | None, Field(description="by one person, over all channels")] = None
    questions_per_channel: Annotated[Rate | None, Field(description="in one channel, by all people")] = None
    at_once_per_person: Annotated[
        int | None, Field(ge=1, le=1000, description="answers to one person that are under way at a time")
    ] = None


class Admins(Table):
    """Who may see figures and change what the file leaves open."""

    people: Annotated[tuple[Person, ...], Field(description="people by their ids")] = ()


class HomeSettings(Table):
    """What admins may set in Slack. What the file has goes before it."""

    default: Annotated[
        FlowName | None, Field(description="the flow where no route fits; without it, people are told that none does")
    ] = None
    routes: Annotated[tuple[Route, ...], Field(description="the first that fits leads to its flow")] = ()
    access: Access = Access()
    fairness: Fairness = Fairness()


class Configuration(HomeSettings):
    """The whole configuration file."""

    flows: Annotated[
        dict[FlowName, Flow],
        Field(min_length=1, description="the flows by their names", json_schema_extra={"additionalProperties": False}),
    ]
    admins: Admins = Admins()
