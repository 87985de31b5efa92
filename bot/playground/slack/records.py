"""Writes calls and deliveries for whoever watches, with the thread to which each of them belongs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from bot.playground.slack.arguments import Args, text
from bot.playground.slack.delivery import Attempt
from bot.playground.slack.web import ApiCall
from bot.playground.slack.workspace import LocalWorkspace

Json: TypeAlias = dict[str, object]


def call_json(workspace: LocalWorkspace, n: int, call: ApiCall, at: float) -> Json:
    """The `n`-th call; `at` is when it arrived, in seconds since the epoch."""
    channel, ts = _touched(call)
    return {
        "n": n,
        "method": call.method,
        "args": dict(call.args),
        "at": at,
        "took": call.done_at - call.at,
        "answer": call.answer,
        "status": call.status,
        "response": call.response,
        "retry_after": call.retry_after,
        "injected": call.injected,
        "left": call.left.left if call.left else None,
        "most": call.left.most if call.left else None,
        "channel": channel,
        "thread_ts": _root(workspace, channel, ts or text(call.args, "thread_ts")),
        "ts": ts,
    }


def _touched(call: ApiCall) -> tuple[str, str]:
    """The channel and the `ts` of the message that a call touches: one that it made, else one that it names."""
    channel, ts = call.place
    named: Args = call.args
    made = call.response or {}
    channel = channel or text(named, "channel") or text(named, "channel_id")
    ts = ts or text(made, "ts") or text(made, "message_ts") or text(named, "ts") or text(named, "timestamp")
    return channel, ts


def _root(workspace: LocalWorkspace, channel: str, ts: str) -> str:
    """The thread of a message, of one that was deleted too; empty where there was none."""
    known = workspace.channels.get(channel)
    return known.roots.get(ts, "") if known is not None else ""


def delivery_json(workspace: LocalWorkspace, n: int, attempt: Attempt, at: float) -> Json:
    """The `n`-th delivery; `at` is when it was begun, in seconds since the epoch."""
    what, channel, ts = _about(attempt)
    return {
        "n": n,
        "kind": attempt.kind,
        "what": what,
        "at": at,
        "took": attempt.done_at - attempt.at,
        "acked": attempt.result.acked,
        "status": attempt.result.status,
        "reason": attempt.result.reason,
        "retry": attempt.retry,
        "payload": dict(attempt.payload),
        "channel": channel,
        "thread_ts": _root(workspace, channel, ts),
    }


def _about(attempt: Attempt) -> tuple[str, str, str]:
    """What a delivery tells of: its name, and the channel and the `ts` of the message."""
    payload = attempt.payload
    if attempt.kind == "slash_commands":
        return text(payload, "command"), text(payload, "channel_id"), ""
    if attempt.kind == "interactive":
        container = _inner(payload, "container")
        return text(payload, "type"), text(container, "channel_id"), text(container, "message_ts")
    event = _inner(payload, "event")
    item = _inner(event, "item")
    # An event that tells of a change has a `ts` of its own; the message's is further in.
    ts = text(_inner(event, "message"), "ts") or text(event, "deleted_ts") or text(item, "ts") or text(event, "ts")
    return text(event, "type"), text(event, "channel") or text(item, "channel"), ts


def _inner(value: Mapping[str, object], key: str) -> Mapping[str, object]:
    found = value.get(key)
    return found if isinstance(found, Mapping) else {}
