"""Defines the requests that a page may make, and words the error for one that is malformed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

# What Slack's own client lets a person write in one message, and more than any name or value needs.
_MOST_TEXT = 40_000
_MOST_WORD = 3_000

Id = Annotated[str, Field(min_length=1, max_length=64)]
Word = Annotated[str, Field(max_length=_MOST_WORD)]
Text = Annotated[str, Field(max_length=_MOST_TEXT)]


class PageRequest(BaseModel):
    """The base of all requests of a page."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Say(PageRequest):
    """To write a message; `text` as on the wire. Files come beside it."""

    user: Id
    channel: Id
    text: Text = ""
    thread_ts: Id | None = None


class EditRequest(PageRequest):
    """To change one's own message."""

    user: Id
    channel: Id
    ts: Id
    text: Text


class Delete(PageRequest):
    """To delete a message."""

    user: Id
    channel: Id
    ts: Id


class CommandRequest(PageRequest):
    """To run a slash command."""

    user: Id
    channel: Id
    command: Annotated[str, Field(pattern=r"^/\S{1,31}$")]
    text: Text = ""


class Invite(PageRequest):
    """To bring somebody into a channel, the app for one. `prompt`: the `ts` of the person's message that mentions the
    app, where it was offered under that message."""

    user: Id
    channel: Id
    who: Id
    prompt: Id | None = None


class React(PageRequest):
    """To set a reaction, or to take it back."""

    user: Id
    channel: Id
    ts: Id
    name: Annotated[str, Field(pattern=r"^[a-z0-9_+'-]{1,100}$")]
    on: bool


class OfMessage(PageRequest):
    """A message that holds what was pressed."""

    type: Literal["message"]
    channel: Id
    ts: Id


class OfView(PageRequest):
    """A modal or Home tab that holds what was pressed."""

    type: Literal["view"]
    view_id: Id


class Act(PageRequest):
    """To press or choose something; `action` as Slack's payload has it."""

    user: Id
    container: Annotated[OfMessage | OfView, Field(discriminator="type")]
    block_id: Annotated[str, Field(max_length=255)]
    action_id: Annotated[str, Field(max_length=255)]
    action: dict[str, Any]
    state: dict[str, Any] | None = None


class Submit(PageRequest):
    """To send a modal off."""

    user: Id
    view_id: Id
    state: dict[str, Any]


class Close(PageRequest):
    """To close a modal, or with `all` the whole stack of them."""

    user: Id
    view_id: Id
    all: bool = False


class Home(PageRequest):
    """To open the app's Home tab."""

    user: Id


class FlowiseChange(PageRequest):
    """To change Flowise: which one, which flow, which fault."""

    fault: Literal["none", "slow", "cut", "cut_without_key", "error", "silent", "down"] | None = None
    flow: Word | None = None
    upstream: Literal["local", "yours"] | None = None
    url: Word = ""
    chatflow_id: Word = ""
    api_key: Annotated[str, Field(max_length=_MOST_WORD, repr=False)] = ""


class Change(PageRequest):
    """To change the playground's settings. None: unchanged."""

    latency: Annotated[float, Field(ge=0, le=10)] | None = None
    limits: Literal["on", "off", "tight"] | None = None
    twice: bool | None = None
    server_errors: Annotated[int, Field(ge=0, le=1_000)] | None = None
    flowise: FlowiseChange | None = None


class FaultRequest(PageRequest):
    """To cause a fault once."""

    what: Literal["drop_sockets", "refresh_sockets", "server_errors"]
    times: Annotated[int, Field(ge=0, le=1_000)] = 5


def misfit(error: ValidationError) -> str:
    """What is wrong with a request, as a sentence that does not repeat what it held."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the request"
    return f"{where}: {first['msg'][0].lower()}{first['msg'][1:]}."
