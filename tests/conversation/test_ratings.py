"""A rating is tried for an hour, by whoever is there, and written in one row."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import cast

import pytest

from bot.background.tasks import Share, Tasks
from bot.conversation.ratings import RatingOutcome, Ratings
from bot.errors import FlowiseUnreachable
from bot.flowise.feedback import AnswerRating
from bot.mailbox.lease import Lease
from bot.ports.flowise import Flowise
from bot.records.answer_note import AnswerNote, GivenRating
from bot.records.thread import Hold, Item, OpenAnswer
from bot.store.redis import RedisStore

LINE, REFERENCE = "T1:C1:1.5", "a1b2c3"
BAD = GivenRating(LINE, REFERENCE, "U1", good=False, channel="C1", thread_ts="1.5", message="2.5")


@dataclass
class Rows:
    """A Flowise that cannot be reached for `away` seconds, and then says that a rating stands in `row`."""

    away: float = 0.0
    row: str | None = "row"
    now: float = 100.0
    asked: list[tuple[AnswerRating, str, bool]] = field(default_factory=list)

    async def rate(self, rating: AnswerRating, row: str = "", *, look: bool = False) -> str | None:
        self.asked.append((rating, row, look))
        if self.now < 100.0 + self.away:
            raise FlowiseUnreachable("no connection")
        return self.row

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


async def passed_on(
    rows: Rows, store: RedisStore, given: GivenRating = BAD, tasks: Tasks | None = None
) -> RatingOutcome:
    ratings = Ratings(cast("Flowise", rows), store, Share(tasks or Tasks()), wall=lambda: rows.now, sleep=rows.sleep)
    item = Item("T1", "T1:C1:rating-a1b2c3", "r", "100.0", "rating", "{}")
    lease = Lease(store.mailboxes, Hold(item, "p"), OpenAnswer(), now=lambda: 0.0)
    return await ratings.passed_on(given, lease)


@pytest.fixture
async def noted(store: RedisStore) -> RedisStore:
    await store.answers.keep(LINE, REFERENCE, AnswerNote("U1", "chat", "message"))
    return store


@pytest.mark.parametrize(
    ("away", "row", "outcome"),
    [
        (0.0, "row", RatingOutcome.WRITTEN),
        (3_500.0, "row", RatingOutcome.WRITTEN),
        (4_000.0, "row", RatingOutcome.GIVEN_UP),
        (0.0, None, RatingOutcome.UNKNOWN),
    ],
)
async def test_it_is_tried_for_an_hour(noted: RedisStore, away: float, row: str | None, outcome: RatingOutcome) -> None:
    rows = Rows(away, row)
    assert await passed_on(rows, noted) is outcome
    assert len(rows.asked) < 70


async def test_the_row_is_looked_for_once_it_may_have_been_written_and_then_known(noted: RedisStore) -> None:
    rows = Rows(away=2.0)
    await passed_on(rows, noted)
    assert [(row, look) for _, row, look in rows.asked] == [("", False), ("", True), ("", True)]
    await passed_on(rows, noted)
    assert rows.asked[-1][1:] == ("row", True)


async def test_an_answer_that_is_not_kept_any_more_is_too_old(store: RedisStore) -> None:
    rows = Rows()
    assert await passed_on(rows, store) is RatingOutcome.NOT_KEPT
    assert rows.asked == []


async def test_a_process_that_is_stopped_leaves_it_to_another(noted: RedisStore) -> None:
    tasks = Tasks()
    tasks.leaving.set()
    assert await passed_on(Rows(away=10.0), noted, tasks=tasks) is RatingOutcome.LEFT


@pytest.mark.parametrize(
    ("good", "comment", "sent"), [(True, None, ""), (False, None, None), (False, "It is wrong.", "It is wrong.")]
)
async def test_a_comment_goes_with_what_was_bad(
    noted: RedisStore, good: bool, comment: str | None, sent: str | None
) -> None:
    rows = Rows()
    await passed_on(rows, noted, GivenRating(LINE, REFERENCE, "U1", good, "C1", "1.5", "2.5", comment))
    assert rows.asked[0][0] == AnswerRating("chat", "message", good, sent)
