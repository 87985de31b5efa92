"""Reads the local Slack, the local Flowise and Redis into a record for the oracle."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

from redis.asyncio import Redis

from benchmarks.chaos.answers import TOKEN, decided, token_of
from benchmarks.chaos.people import People, Said
from benchmarks.chaos.plan import Surface
from benchmarks.chaos.records import Asked, Decided, Predicted, Pressed, Rated, Record, Regenerated, Shown, Tried
from benchmarks.chaos.sentences import is_not_asked, is_not_decided, is_not_regenerated, is_told, words_of
from benchmarks.chaos.stage import TOKENS_PER_SECOND, Stage
from benchmarks.chaos.trouble import Troubles
from bot.playground.slack.delivery import Attempt
from bot.playground.slack.message import Message
from bot.slack.text.answer_blocks import SUGGESTIONS

# Words with which Slack refuses what no app should send. A message that is gone or a stream that is over is none of
# these: whoever takes an answer over cannot know.
_WRONG = (
    *("invalid_", "msg_", "missing_", "markdown_text_conflict", "no_text", "cant_", "message_not_owned", "too_many"),
    *("not_authed", "unknown_method", "not_allowed", "channel_not_found", "thread_not_found", "user_not"),
)
# A budget is for a minute: so long after an outage of Redis the replicas may still know nothing of each other's calls.
_FORGIVEN = 60.0
# What somebody who has pressed is told.
_OF_PRESSES = (is_told, is_not_asked, is_not_regenerated, is_not_decided)
# Seconds after which a press has reached the process that writes the answer, on a busy machine; and after which it has
# where Redis could not be reached meanwhile.
_HEARD, _AWAY = 2.5, 10.0


async def record(stage: Stage, people: People, trouble: Troubles) -> Record:
    """Everything as it stands now. Times are of the steady clock."""
    slack, redis_outages = stage.slack, trouble.redis_outages
    return Record(
        asked=[_asked(stage, people, said) for said in people.said],
        shown=list(_shown(stage, people)),
        predictions=[
            token_of(received.question) for received in stage.flowise.predictions if "humanInput" not in received.body
        ],
        mixed=stage.flowise.collisions,
        statuses=list(_statuses(stage, people)),
        streams=[f"{channel}:{ts}" for channel, ts in slack.streaming],
        limited=[(call.method, call.at) for call in slack.calls if call.answer == "429" and not call.injected],
        broken=list(_broken(stage)),
        kept=await _keys(stage),
        presses=list(_presses(stage, people, redis_outages)),
        rated=list(_rated(stage, people)),
        regenerated=list(_regenerated(stage, people)),
        decided=list(_decided(stage, people)),
        resumed=[
            decided(received.body["humanInput"])
            for received in stage.flowise.predictions
            if "humanInput" in received.body
        ],
        routes=stage.routes.versions if stage.routes is not None else (),
        predicted=list(_predicted(stage)),
        frozen=trouble.frozen,
        excused=[(begin, end + _FORGIVEN) for begin, end in redis_outages],
    )


def _predicted(stage: Stage) -> Iterator[Predicted]:
    begun = time.time() - time.monotonic()
    for received in stage.flowise.predictions:
        told = received.body.get("humanInput")
        token = token_of(received.question) if told is None else decided(told)[0]
        yield Predicted(token, received.flow, received.at - begun)


def _asked(stage: Stage, people: People, said: Said) -> Asked:
    tries = [Tried(made.at, made.done_at, made.result.acked) for made in stage.slack.attempts if _brings(made, said)]
    tries.sort(key=lambda tried: tried.at)
    place = _place(people, said)
    # One that a button asks outside threads is asked as by a command.
    is_command = not said.ts and not (said.pressed and said.root)
    told = said.told or (_told_after_press(stage, said) if said.pressed else "")
    return Asked(said.token, place, said.surface, said.at, tries, said.last, told, is_command=is_command)


def _told_after_press(stage: Stage, said: Said) -> str:
    """What a person who has pressed was told in private since, where the question is not asked; else empty."""
    private = stage.slack.ephemerals(said.channel, said.user)
    return next((one.plain for one in private if one.at >= said.at and is_not_asked(one.plain)), "")


def _brings(made: Attempt, said: Said) -> bool:
    """Whether a delivery is that of the question; its twin event, which the bot passes over, is not."""
    if said.pressed:
        return made.kind == "interactive" and _asks(made.payload, said.pressed)
    if not said.ts:
        return made.kind == "slash_commands" and said.token in str(made.payload.get("text"))
    event = made.payload.get("event")
    if made.kind != "events_api" or not isinstance(event, dict):
        return False
    return (event.get("type"), event.get("channel"), event.get("ts")) == (said.event, said.channel, said.ts)


def _asks(payload: Mapping[str, object], message: str) -> bool:
    """Whether somebody has pressed a button under that message which asks a question."""
    actions, container = payload.get("actions"), payload.get("container")
    pressed = actions[0].get("action_id") if isinstance(actions, list) and actions else ""
    return pressed in SUGGESTIONS and isinstance(container, dict) and container.get("message_ts") == message


def _place(people: People, said: Said) -> str:
    if said.surface is Surface.DIRECT:
        return said.channel
    root = said.root or people.opened(said)
    return f"{said.channel}:{root}" if root else f"{said.channel}@{said.user}"


def _shown(stage: Stage, people: People) -> Iterator[Shown]:
    slack = stage.slack
    direct = {said.channel for said in people.said if said.surface is Surface.DIRECT}
    places = {(said.channel, said.user): _place(people, said) for said in people.said}
    for channel in {said.channel for said in people.said}:
        for message in slack.messages(channel):
            if message.user == slack.bot_user_id:
                yield _message(message, channel if channel in direct else f"{channel}:{message.root}")
    buttons = [*people.presses, *people.regenerations, *people.decisions]
    pressed = {
        (said.channel, said.user) for said in [one.said for one in buttons] + [one.said for one in people.ratings]
    }
    pressed |= {(said.channel, said.user) for said in people.said if said.pressed}
    refused = {(said.channel, said.user, said.told) for said in people.said if said.told}
    for (channel, user), place in places.items():
        for message in slack.ephemerals(channel, user):
            # What a command was answered at once belongs to no thread: another command may have opened one since.
            at_once = (channel, user, message.plain) in refused
            # What somebody who has pressed is told is no answer to a question.
            told = any(
                is_said(message.plain) for is_said in (is_told, is_not_asked, is_not_regenerated, is_not_decided)
            )
            if at_once or not told or (channel, user) not in pressed:
                yield _message(message, f"{channel}@{user}" if at_once else place)


def _message(message: Message, place: str) -> Shown:
    return Shown(
        place=place,
        ts=message.ts,
        at=message.at,
        changed_at=message.edits[-1].at if message.edits else message.at,
        text=message.plain,
        reference=_reference(message),
        opens=_reference_mark(message).endswith("-root") and bool(TOKEN.search(message.plain)),
        private=bool(message.to),
    )


def _presses(stage: Stage, people: People, redis_outages: Sequence[tuple[float, float]]) -> Iterator[Pressed]:
    slack = stage.slack
    for press in people.presses:
        said = press.said
        private = [message for message in slack.ephemerals(said.channel, said.user) if message.at >= press.at - 1.0]
        own = [message for message in slack.messages(said.channel) if message.user == slack.bot_user_id]
        shown = sum(words_of(message.plain, said.token) for message in own if not message.to)
        is_away = any(begin - _AWAY < press.at < end + _AWAY for begin, end in redis_outages)
        heard_at = time.time() - time.monotonic() + press.at + (_AWAY if is_away else _HEARD)
        begun = [asked.at for asked in stage.flowise.predictions if token_of(asked.question) == said.token]
        sent = sum(max(0.0, heard_at - at) * TOKENS_PER_SECOND for at in begun)
        yield Pressed(said.token, press.acked, [message.plain for message in private], sent, shown)


def _rated(stage: Stage, people: People) -> Iterator[Rated]:
    ratings = stage.flowise.ratings
    texts = {
        row_id: str((ratings.memory.row_with(str(row["messageId"])) or {}).get("content"))
        for row_id, row in ratings.rows.items()
    }
    for token in dict.fromkeys(rating.said.token for rating in people.ratings):
        pressed = [rating for rating in people.ratings if rating.said.token == token]
        said = pressed[0].said
        private = stage.slack.ephemerals(said.channel, said.user)
        is_told = any(message.at >= pressed[0].at - 1.0 for message in private)
        rows = [str(ratings.rows[row_id]["rating"]) for row_id, text in texts.items() if token in text]
        yield Rated(token, pressed[-1].good, all(one.acked for one in pressed) and not is_told, rows)


def _regenerated(stage: Stage, people: People) -> Iterator[Regenerated]:
    for press in people.regenerations:
        private = stage.slack.ephemerals(press.said.channel, press.said.user)
        told = [message.plain for message in private if message.at >= press.at]
        yield Regenerated(press.said.token, press.acked, told)


def _decided(stage: Stage, people: People) -> Iterator[Decided]:
    for token in dict.fromkeys(press.said.token for press in people.decisions):
        presses = [press for press in people.decisions if press.said.token == token]
        said, begun = presses[0].said, presses[0].at
        private = stage.slack.ephemerals(said.channel, said.user)
        told = [message.plain for message in private if message.at >= begun]
        yield Decided(token, any(press.acked for press in presses), told, presses[0].approves)


def _reference_mark(message: Message) -> str:
    payload = (message.metadata or {}).get("event_payload")
    return str(payload.get("mark", "")) if isinstance(payload, dict) else ""


def _reference(message: Message) -> str:
    """The turn that wrote it: what a mark begins with."""
    return _reference_mark(message).partition("-")[0]


def _statuses(stage: Stage, people: People) -> Iterator[str]:
    for channel, root in {(said.channel, said.root) for said in people.said if said.root}:
        if status := stage.slack.status(channel, root):
            yield f"{channel}:{root} {status!r}"


def _broken(stage: Stage) -> Iterator[str]:
    slack = stage.slack
    yield from slack.violations
    yield from (f"{ping.target} is pinged in {ping.channel} {ping.ts}" for ping in slack.pings)
    yield from (f"{preview.url} would be previewed" for preview in slack.previews)
    for call in slack.calls:
        if not call.injected and call.answer.startswith(_WRONG):
            yield f"{call.method}: {call.answer}"


async def _keys(stage: Stage) -> list[str]:
    client = Redis(unix_socket_path=str(stage.valkey.socket), decode_responses=True)
    try:
        return sorted([key async for key in client.scan_iter(count=1_000)])
    finally:
        await client.aclose()
