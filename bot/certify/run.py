"""Runs the checks in one thread: each bounded in time, the longest beside the others, and all of it cleaned up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Final

import structlog

from bot.certify.assumptions import ASSUMPTIONS, ONLY_WITH_LIMITS, Assumption
from bot.certify.calls import UnseenError, WrongError
from bot.certify.message_checks import MESSAGE_CHECKS, Check
from bot.certify.other_checks import LIMIT_CHECKS, OTHER_CHECKS
from bot.certify.report import Observed, Report, Result, Row
from bot.certify.scene import Scene
from bot.certify.stream_checks import STREAM_CHECKS
from bot.certify.thread import cleaned, opened
from bot.errors import StoreUnavailable
from bot.ports.notes import Certificates
from bot.slack.fields import string
from bot.slack.wire import messages

log = structlog.get_logger(__name__)

CHECKS: Final[Mapping[str, Check]] = {**MESSAGE_CHECKS, **STREAM_CHECKS, **OTHER_CHECKS, **LIMIT_CHECKS}
"""The check of each assumption."""

# They take minutes; the one about a stream's end runs beside the others.
_LONG = "stream_life"
# Made last: it counts the messages of the others.
_LAST = "long_pages"
_PATIENCE = 90.0
_CLEANING_SECONDS = 180.0
_HISTORY = "conversations.history"
# Of the channel's members, so many are looked at for a person.
_LOOKED_AT = 20

_LATE = Observed(Result.UNKNOWN, "not looked at: the others took too long")
_SKIPPED = Observed(Result.UNKNOWN, "not looked at: it takes --limits")


async def certified(
    scene: Scene,
    store: Certificates,
    *,
    wall: Callable[[], float],
    limits: bool = False,
    only: Collection[str] | None = None,
    told: Callable[[Row], None] = lambda row: None,
) -> Report:
    """Clean up what an earlier run has left, look at every assumption (or `only` some), clean up, and report.

    `wall` is epoch seconds. `told` hears of each row as soon as it is known.

    Raises:
        WrongError, UnseenError: nothing can be posted in the channel.
        StoreUnavailable: what is posted cannot be noted.
    """
    team, chosen = scene.identity.team, [one for one in ASSUMPTIONS if only is None or one.name in only]
    await cleaned(scene.calls, store, team)
    scene.person = scene.person or await person_in(scene)
    root = await opened(scene.calls, store, team, scene.channel, at=wall())
    left = 0
    try:
        rows = await _rows(replace(scene, root=root.ts), chosen, limits=limits, told=told)
    finally:
        left = await _cleaned_in_time(scene, store)
    return Report(rows, wall(), dict(scene.shares), left)


async def _cleaned_in_time(scene: Scene, store: Certificates) -> int:
    try:
        async with asyncio.timeout(_CLEANING_SECONDS):
            return await cleaned(scene.calls, store, scene.identity.team)
    except (TimeoutError, StoreUnavailable):
        return 1


async def _rows(
    scene: Scene, chosen: Collection[Assumption], *, limits: bool, told: Callable[[Row], None]
) -> tuple[Row, ...]:
    seen: dict[str, Row] = {}

    async def look(one: Assumption) -> None:
        skipped = one.name in ONLY_WITH_LIMITS and not limits
        seen[one.name] = row = Row(one, _SKIPPED if skipped else await _observed(scene, one.name))
        told(row)

    beside = [asyncio.create_task(look(one)) for one in chosen if one.name == _LONG]
    try:
        async with asyncio.timeout(scene.times.longest):
            for one in sorted(chosen, key=lambda one: (one.name == _LAST) + 2 * (one.name in ONLY_WITH_LIMITS)):
                if one.name in ONLY_WITH_LIMITS:
                    await asyncio.gather(*beside)  # its calls would be counted with theirs
                if one.name != _LONG:
                    await look(one)
            await asyncio.gather(*beside)
    except TimeoutError:
        pass  # what was not seen by then is unknown
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
    return tuple(seen.get(one.name) or Row(one, _LATE) for one in chosen)


async def _observed(scene: Scene, name: str) -> Observed:
    """What a check sees, within its time."""
    times = scene.times
    waits = times.life + times.over if name == _LONG else times.minute if name in ONLY_WITH_LIMITS else 0.0
    try:
        async with asyncio.timeout(_PATIENCE + waits):
            return await CHECKS[name](scene)
    except WrongError as error:
        return Observed(Result.WRONG, str(error))
    except UnseenError as error:
        return Observed(Result.UNKNOWN, str(error))
    except TimeoutError:
        return Observed(Result.UNKNOWN, "it took too long")
    except Exception as error:  # a mistake in one check must not end the others, nor the cleaning
        log.exception("check failed", assumption=name)
        return Observed(Result.UNKNOWN, f"the check failed: {type(error).__name__}")


async def person_in(scene: Scene) -> str:
    """A person who is in the channel, or has written there lately; empty where Slack does not tell."""
    where = {"channel": scene.channel, "limit": _LOOKED_AT}
    for user in [*await _users(scene, "conversations.members", where), *await _users(scene, _HISTORY, where)]:
        person = await scene.calls.client.person(user) if user != scene.identity.bot_user else None
        if person is not None and not person.is_bot:
            return user
    return ""


async def _users(scene: Scene, method: str, where: Mapping[str, object]) -> list[str]:
    """The users that a list of Slack's names; none where it is not given. Members of a private channel are not."""
    try:
        answer = await scene.calls.ask(method, where)
    except UnseenError:
        return []
    members = answer.get("members")
    named = [one for one in members if isinstance(one, str)] if isinstance(members, list) else []
    return [*named, *dict.fromkeys(user for message in messages(answer) if (user := string(message, "user")))]
