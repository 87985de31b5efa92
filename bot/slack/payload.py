"""Parses what Slack sends, events, commands and button presses, into plain values."""

from __future__ import annotations

import html
import re
from bisect import bisect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from bot.records.thread import seconds
from bot.slack.fields import part, string
from bot.slack.home_payload import home_channel
from bot.slack.mentions import CODE, USER, calls
from bot.slack.message_text import Quote, message_text
from bot.slack.people import LONGEST_NAME
from bot.slack.shared_files import SharedFile, shared_files
from bot.slack.text.escaping import one_line, shorten

# Ordinary messages of people, and what they say of themselves with /me. The other subtypes are edits, deletions and
# notices (Slack docs, message event).
_SPOKEN = frozenset({"", "file_share", "me_message", "thread_broadcast"})
# It reminds, and answers set phrases. users.info does not call it a bot.
_SLACKBOT = "USLACKBOT"

_CONTROL = re.compile(r"<([^<>\n]{1,4000})>")
_UNLABELLED = re.compile(r"<(?:#([A-Z0-9]+)|!subteam\^([A-Z0-9]+))\|?>")
_ID = re.compile(r"[A-Z0-9]+")
_TO_ALL = frozenset({"here", "channel", "everyone"})
_UNNAMED = {"@": "somebody", "#": "a channel"}


@dataclass(frozen=True, slots=True)
class IncomingMessage:
    """A message that a person wrote. `ts` and `thread_ts` are opaque; `thread_ts` is empty outside threads.

    `teams` are the ids the event gives for the author's organisation, best first. `files` are the names of its files,
    as they are quoted, and `attached` those files. `mentioned` are the users that it mentions outside code;
    `calls_group`: it mentions a group or everybody in the channel.
    `app` is the id of the app that posted it, empty where a person typed it, and `bot` that of the app's bot, if any.
    `quotes` are forwarded messages and cards: what somebody else has written, never an instruction.
    """

    channel: str
    channel_type: str
    user: str
    text: str
    ts: str
    thread_ts: str
    files: tuple[str, ...]
    teams: tuple[str, ...]
    edited: bool
    quotes: tuple[Quote, ...] = ()
    mentioned: tuple[str, ...] = ()
    calls_group: bool = False
    app: str = ""
    bot: str = ""
    attached: tuple[SharedFile, ...] = ()

    @property
    def in_dm(self) -> bool:
        return self.channel_type == "im" or self.channel.startswith("D")  # app_mention tells no type

    @property
    def calls_others(self) -> bool:
        """It mentions somebody: a person, a group or everybody in the channel."""
        return bool(self.mentioned) or self.calls_group

    @property
    def in_thread(self) -> bool:
        return bool(self.thread_ts) and self.thread_ts != self.ts

    @property
    def has_quoted_text(self) -> bool:
        """There is something to read in what it quotes."""
        return any(quote.text for quote in self.quotes)

    @property
    def has_something(self) -> bool:
        """There is something to read, look at or listen to beside its author's words."""
        return bool(self.attached) or self.has_quoted_text

    @property
    def forwarded_files(self) -> tuple[str, ...]:
        """The names of the files in what it quotes, which are not read."""
        return tuple(name for quote in self.quotes for name in quote.files)

    @property
    def all_files(self) -> tuple[str, ...]:
        """The names of its own files and of those in what it quotes."""
        return (*self.files, *self.forwarded_files)


def incoming_message(event: Mapping[str, object]) -> IncomingMessage | None:
    """The person's message in an `app_mention` or `message` event; None where it holds none.

    Messages of bots, our own included, do not count: two bots in one thread would talk for ever. What an app has posted
    may be a bot's or, with a person's own token, that person's: the event does not tell (see `bot.workspace.authors`).
    """
    if event.get("hidden") or string(event, "subtype") not in _SPOKEN:
        return None
    channel, user, ts = string(event, "channel"), string(event, "user"), string(event, "ts")
    app, bot = app_of(event), _bot_of(event)
    if not (channel and user and ts) or user == _SLACKBOT or (bot and not app):
        return None
    read = message_text(event)
    called = calls(string(event, "text"), event.get("blocks"))
    return IncomingMessage(
        channel=channel,
        channel_type=string(event, "channel_type"),
        user=user,
        text=read.words,
        ts=ts,
        thread_ts=string(event, "thread_ts"),
        files=read.files,
        teams=tuple(team for key in ("user_team", "source_team", "team") if (team := string(event, key))),
        edited=isinstance(event.get("edited"), Mapping),
        quotes=read.quotes,
        mentioned=called.users,
        calls_group=called.group,
        app=app,
        bot=bot,
        attached=shared_files(event.get("files")),
    )


def app_of(event: Mapping[str, object]) -> str:
    """The id of the app that posted a message; empty where a person typed it, or Slack does not tell."""
    return string(event, "app_id") or string(part(event, "bot_profile"), "app_id")


def _bot_of(event: Mapping[str, object]) -> str:
    """The id of the bot that an event names beside its author; of its app, where the bot's is not told."""
    profile = event.get("bot_profile")
    named = string(event, "bot_id") or string(part(event, "bot_profile"), "id")
    return named or ((app_of(event) or "unknown") if profile or event.get("bot_id") else "")


def edited_after(event: Mapping[str, object]) -> float:
    """How many seconds after it was written a message was edited, both by Slack's clock; 0.0 where it was not."""
    edited = event.get("edited")
    return (
        max(0.0, seconds(string(edited, "ts")) - seconds(string(event, "ts"))) if isinstance(edited, Mapping) else 0.0
    )


@dataclass(frozen=True, slots=True)
class DeletedMessage:
    """A person's message that was deleted, by its author or by somebody who may. `thread_ts` is empty outside
    threads."""

    channel: str
    ts: str
    thread_ts: str
    user: str


def deleted_message(event: Mapping[str, object]) -> DeletedMessage | None:
    """The message that a `message` event tells is gone; None where it tells of something else, or of a bot's that no
    person's token has posted."""
    before = part(event, "previous_message")
    if string(event, "subtype") != "message_deleted" or (_bot_of(before) and not app_of(before)):
        return None
    channel, ts = string(event, "channel"), string(event, "deleted_ts")
    if not (channel and ts):
        return None
    return DeletedMessage(channel, ts, string(before, "thread_ts"), string(before, "user"))


@dataclass(frozen=True, slots=True)
class SessionStop:
    """A person has pressed Slack's own Stop in a thread with an agent."""

    channel: str
    thread_ts: str
    user: str


def session_stop(event: Mapping[str, object]) -> SessionStop | None:
    """What an `agent_session_stopped` event is about; None where it names no thread."""
    channel, thread_ts = string(event, "channel"), string(event, "thread_ts")
    return SessionStop(channel, thread_ts, string(event, "user")) if channel and thread_ts else None


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A slash command as it was typed; `name` is the command itself, such as /flowise. Slack sends no message `ts` with
    it, and takes none inside a thread."""

    channel: str
    user: str
    user_name: str
    text: str
    trigger_id: str
    response_url: str
    name: str = ""


def command(body: Mapping[str, object]) -> SlashCommand:
    return SlashCommand(
        channel=string(body, "channel_id"),
        user=string(body, "user_id"),
        user_name=string(body, "user_name"),
        text=string(body, "text").strip(),
        trigger_id=string(body, "trigger_id"),
        response_url=string(body, "response_url"),
        name=string(body, "command"),
    )


@dataclass(frozen=True, slots=True)
class Press:
    """A button that was pressed: its `value`, when, and in which message, the `message_ts`. `thread_ts` is empty
    outside threads.

    `teams` are the ids that the payload gives for the organisation of the person who pressed it. `action` names the
    button, `message_ts` is the message that it stands under, and `trigger` lets a modal be opened at once. Through
    `response_url` the person alone can be answered where the bot may not post. `in_home`: it stands in the Home tab,
    and `channel` is that person's direct message.
    """

    ts: str
    channel: str
    user: str
    thread_ts: str
    value: str
    teams: tuple[str, ...] = ()
    action: str = ""
    message_ts: str = ""
    trigger: str = ""
    response_url: str = ""
    in_home: bool = False


def press(body: Mapping[str, object]) -> Press:
    """The first action of a `block_actions` payload."""
    actions = body.get("actions")
    first = actions[0] if isinstance(actions, list) and actions else None
    action = first if isinstance(first, Mapping) else {}
    home = home_channel(body)
    return Press(
        ts=string(action, "action_ts"),
        channel=home or string(part(body, "channel"), "id"),
        user=string(part(body, "user"), "id"),
        # What a message holds that one person alone sees is not told.
        thread_ts=string(part(body, "message"), "thread_ts") or string(part(body, "container"), "thread_ts"),
        value=string(action, "value"),
        teams=tuple(filter(None, [string(part(body, "user"), "team_id")])),
        action=string(action, "action_id"),
        message_ts=string(part(body, "container"), "message_ts"),
        trigger=string(body, "trigger_id"),
        response_url=string(body, "response_url"),
        in_home=bool(home),
    )


def mentions(text: str) -> tuple[str, ...]:
    """The ids of the people and bots that a text mentions, in order, each once."""
    return tuple(dict.fromkeys(USER.findall(text)))


def unlabelled(text: str) -> tuple[str, ...]:
    """The ids of the channels and user groups that a text mentions without a label, in order, each once."""
    return tuple(dict.fromkeys(channel or group for channel, group in _UNLABELLED.findall(text)))


def plain(text: str, names: Mapping[str, str], *, without: str = "") -> str:
    """A Slack text as a person reads it: mentions as names, links and escapes as plain text.

    `names` are the names of users, channels and user groups by their ids; an id is never shown. `without` is the user
    id whose mentions are removed, but for those in code (the bot's own).
    """
    code = [span.span() for span in CODE.finditer(text)] if without else []

    def shown(match: re.Match[str]) -> str:
        before = bisect(code, (match.start(), len(text)))
        quoted = before > 0 and match.start() < code[before - 1][1]
        return _shown(match[1], names, "" if quoted else without)

    return html.unescape(_CONTROL.sub(shown, text)).strip()


def _shown(control: str, names: Mapping[str, str], without: str) -> str:
    target, _, label = control.partition("|")
    sign, of_whom = target[:1], target[1:]
    if sign == "!":
        return _shown_special(of_whom, names, label)
    if sign not in _UNNAMED:
        return _shown_link(target, label)
    if sign == "@" and without and of_whom == without:
        return ""
    return _named(sign, names.get(of_whom, ""), label, _UNNAMED[sign] if _ID.fullmatch(of_whom) else target)


def _shown_special(target: str, names: Mapping[str, str], label: str) -> str:
    kind, _, of_whom = target.partition("^")
    if kind in _TO_ALL:
        return f"@{kind}"
    if kind == "subteam":
        return _named("@", names.get(of_whom, ""), label, "a group")
    return label or ("a date" if kind == "date" else f"@{kind}")


def _named(sign: str, name: str, label: str, unnamed: str) -> str:
    """The sign and the name, else the label, each as one line of a bounded length: anybody may have chosen it."""
    lines = (shorten(one_line(text).removeprefix(sign), LONGEST_NAME) for text in (name, html.unescape(label)))
    shown = next(filter(None, lines), "")
    # Escaped here because the whole text is unescaped afterwards: a name keeps an "&amp;" of its own.
    return sign + html.escape(shown, quote=False) if shown else unnamed


def _shown_link(target: str, label: str) -> str:
    bare = target.removeprefix("mailto:").removeprefix("tel:")
    if not label or label in {target, bare} or target in {f"http://{label}", f"https://{label}"}:
        return bare
    return f"{label} ({bare})"


class Instruction(Enum):
    """What a message to the bot asks for."""

    ANSWER = auto()
    HELP = auto()
    QUIET = auto()
    NEW_CONVERSATION = auto()
    STOP = auto()


_INSTRUCTIONS = {
    "": Instruction.HELP,
    "help": Instruction.HELP,
    "quiet": Instruction.QUIET,
    "stop": Instruction.STOP,
    "new conversation": Instruction.NEW_CONVERSATION,
}


def instruction(text: str) -> Instruction:
    """What a plain text asks for; everything but the bot's few instructions is a question. They may be formatted as
    the bot's own sentences show them."""
    words = " ".join(text.lower().split()).strip("`*_\"'“”").rstrip(".!").strip("`*_\"'“”")
    return _INSTRUCTIONS.get(words, Instruction.ANSWER)


def is_external(teams: Iterable[str], own: frozenset[str]) -> bool:
    """Whether a message's author belongs to another organisation, by the first id that the event gives.

    `own` holds our workspace's id and, in a Grid, the organisation's (`E…`): Slack gives either. An event without an id
    comes from inside: in shared channels Slack names the author's team (Slack docs, Slack Connect).
    """
    for team in teams:
        return team not in own
    return False
