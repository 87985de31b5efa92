"""Tests that the doctor tells of a workspace's report where there is one, over the wire."""

from __future__ import annotations

import json

import pytest

from bot.doctor.certificate import certificate, described
from bot.doctor.findings import Verdict
from bot.store.connections import connect
from bot.store.redis import RedisStore

DAY = 86_400.0
REPORT = {"at": 10 * DAY, "assumptions": [{"name": "a", "result": "holds"}, {"name": "b", "result": "wrong"}]}


async def test_a_report_is_told_with_its_age_and_its_counts(own_redis: str) -> None:
    store, client = RedisStore.at(own_redis), connect(own_redis)

    async def team() -> str:
        return "T1"

    assert await certificate(client, team, lambda: 12.5 * DAY) == []
    await store.certificates.keep("T1", json.dumps(REPORT))
    await store.certificates.fail("T1", "a")
    [finding] = await certificate(client, team, lambda: 12.5 * DAY)
    assert (finding.about, finding.check, finding.state) == ("Slack", "verified", Verdict.WELL)
    assert finding.found == "the report of certify is 2 days old: 1 holds, 1 wrong; failed since yesterday: a"
    await client.aclose()
    await store.aclose()


@pytest.mark.parametrize("report", ["", "{", "[]", '{"at": "soon", "assumptions": 5}', '{"assumptions": [1, null]}'])
def test_a_report_that_cannot_be_read_is_only_told_of(report: str) -> None:
    assert described(report, frozenset(), DAY).startswith("the report of certify is 90 days old")
