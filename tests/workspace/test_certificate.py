"""What was verified of a workspace, on a real store: read again, doubted for a day, and deleted with the workspace."""

from __future__ import annotations

import json
from dataclasses import dataclass

from bot.background.tasks import Share, Tasks
from bot.slack.verified import CONSULTED, NOTHING, STREAM_TO_RICH_TEXT
from bot.store.redis import RedisStore
from bot.workspace.certificate import Certificate

DAY = 86_400.0
REPORT = json.dumps({"assumptions": [{"name": name, "result": "holds"} for name in CONSULTED]})


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def of(store: RedisStore, clock: Clock, tasks: Tasks, team: str = "T1") -> Certificate:
    return Certificate(store.certificates, team, Share(tasks), now=clock)


def links(certificate: Certificate) -> bool:
    return certificate.verified.links_by_edit


async def test_what_fails_is_doubted_for_a_day_here_and_by_all(store: RedisStore) -> None:
    await store.certificates.keep("T1", REPORT)
    clock, tasks = Clock(), Tasks()
    one, other = of(store, clock, tasks), of(store, clock, tasks)
    for certificate in (one, other):
        assert certificate.verified == NOTHING
        await certificate.begin()
        assert links(certificate)
    one.fail(STREAM_TO_RICH_TEXT)
    assert not links(one)
    assert links(other)
    await tasks.stop(5.0)
    await other.look()
    assert not links(other)
    # Until the store forgets it, a process that starts now doubts it too; here it is believed again after a day.
    clock.now += DAY
    assert links(one)


async def test_a_new_report_is_believed_at_once(store: RedisStore) -> None:
    await store.certificates.keep("T1", REPORT)
    await store.certificates.fail("T1", STREAM_TO_RICH_TEXT)
    tasks = Tasks()
    certificate = of(store, Clock(), tasks)
    await certificate.look()
    assert not links(certificate)
    certificate.fail(STREAM_TO_RICH_TEXT)
    await tasks.stop(5.0)
    await store.certificates.keep("T1", REPORT.replace("{", '{"at": 1, ', 1))
    await certificate.look()
    assert links(certificate)


async def test_a_report_is_of_its_workspace_and_goes_with_it(store: RedisStore) -> None:
    await store.certificates.keep("T1", REPORT)
    await store.certificates.note_remains("T1", "something")
    other = of(store, Clock(), Tasks(), team="T12")
    await other.look()
    assert other.verified == NOTHING
    assert await store.purge("T12") == 0
    assert await store.purge("T1") == 2
    assert await store.certificates.kept("T1") is None
