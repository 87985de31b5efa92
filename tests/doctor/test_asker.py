"""Tests what the doctor says of whether a flow takes what it is told of whoever asks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aiohttp import web

from bot.doctor.asker import AskerTold, asker
from bot.doctor.findings import Verdict
from bot.doctor.flowise import FLOWISE, Chatflow, flowise
from bot.flowise.client import new_session
from bot.flowise.limits import Limits
from bot.flowise.overridable import Overridable, overridable
from bot.flowise.refusals import HttpReply
from tests.doctor.test_flowise import serving

# As Flowise 3.1.4 keeps it.
VARIABLES = [{"id": "1", "name": "user_id", "enabled": True}, {"id": "2", "name": "email", "enabled": False}]
START = {"Start": [{"label": "Flow State", "name": "startState", "type": "array", "enabled": True}]}


def flow(status: object = True, nodes: object = START, kind: str = "AGENTFLOW") -> dict[str, Any]:
    config = {"overrideConfig": {"status": status, "nodes": nodes, "variables": VARIABLES}}
    return {"id": "x", "type": kind, "apiConfig": json.dumps(config)}


def reply(body: object, status: int = 200) -> HttpReply:
    return HttpReply(status, {}, "application/json", json.dumps(body).encode())


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (reply(flow()), Overridable(frozenset({"user_id"}), state=True, is_agentflow=True)),
        (reply(flow(nodes={})), Overridable(frozenset({"user_id"}), state=False, is_agentflow=True)),
        (reply(flow(status=False)), Overridable(is_agentflow=True)),
        (reply({"apiConfig": None, "type": "CHATFLOW"}), Overridable()),
        (reply({"apiConfig": "{", "type": "CHATFLOW"}), Overridable()),
        (reply({"apiConfig": '{"overrideConfig": {"status": true, "nodes": [], "variables": 1}}'}), Overridable()),
        (reply({"error": "Unauthorized"}, 401), None),
        (reply([]), None),
        (None, None),
    ],
)
def test_what_a_flow_lets_be_overridden(found: HttpReply | None, expected: Overridable | None) -> None:
    assert overridable(found) == expected


AGENTFLOW = Overridable(frozenset({"user_id"}), state=True, is_agentflow=True)


@pytest.mark.parametrize(
    ("told", "taken", "state", "found"),
    [
        (AskerTold(("user_id",)), AGENTFLOW, Verdict.WELL, "the flow's JavaScript gets user_id as $vars"),
        (AskerTold(("user_id", "email")), AGENTFLOW, Verdict.WARNING, "does not take email"),
        (AskerTold(("user_id",)), None, Verdict.UNKNOWN, "whether the flow takes user_id"),
        (AskerTold(state=("email",)), AGENTFLOW, Verdict.WELL, "begins with email"),
        (AskerTold(state=("email",)), Overridable(is_agentflow=True), Verdict.WARNING, "does not take its state"),
        (AskerTold(state=("email",)), Overridable(), Verdict.WARNING, "no agent flow"),
        (AskerTold(state=("email",)), None, Verdict.UNKNOWN, "whether the flow takes email"),
        (AskerTold(introduced=("name",)), None, Verdict.WELL, "which every flow takes"),
    ],
)
def test_each_setting_is_told_by_itself(told: AskerTold, taken: Overridable | None, state: Verdict, found: str) -> None:
    [finding] = asker(FLOWISE, told, taken)
    assert finding.state is state
    assert found in finding.found
    assert bool(finding.do) is (state is not Verdict.WELL)


def test_settings_that_are_not_set_are_not_told() -> None:
    assert asker(FLOWISE, AskerTold(), AGENTFLOW) == []


@pytest.mark.parametrize(
    ("key", "public", "state"),
    [("right", False, Verdict.WELL), (None, True, Verdict.WELL), (None, False, Verdict.UNKNOWN)],
)
async def test_the_flow_is_read_with_the_key_or_if_it_is_public(key: str | None, public: bool, state: Verdict) -> None:
    def answer(request: web.Request) -> web.Response:
        if request.path.endswith("/ping"):
            return web.Response(text="pong")
        is_shown = request.path.startswith("/api/v1/chatflows/") and bool(request.headers.get("Authorization"))
        is_shown = is_shown or (public and request.path.startswith("/api/v1/public-chatflows/"))
        return web.json_response(flow() if is_shown else {}, status=200 if is_shown else 401)

    async with serving(answer) as url, new_session() as session:
        told = Chatflow(url, "x", key, Limits(connect=5, headers=5), told=AskerTold(("user_id",)))
        findings = await flowise(session, told, monotonic=lambda: 0.0, wall=lambda: 0.0)
    assert [each.state for each in findings if each.check == "FLOWISE_VARS"] == [state]
