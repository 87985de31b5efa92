"""Tests what the set-up reads of a Flowise: an address that was pasted, the list of flows, an answer."""

from __future__ import annotations

import json

import pytest

from bot.doctor.findings import Verdict
from bot.errors import FlowiseUnreachable, NotFlowise
from bot.flowise.refusals import HttpReply
from bot.network.outgoing import DIRECT
from bot.playground.flowise import LocalFlowise
from bot.playground.slack import LocalSlack
from bot.setup.flow import Flowise, ListedFlow, answered, flows_in, listed, pasted, reached

ID = "0b8f7a0e-2f1d-4f0a-9c3e-6f5b9d1c2a44"


@pytest.mark.parametrize(
    ("text", "url", "flow"),
    [
        ("http://localhost:3000", "http://localhost:3000", ""),
        ("localhost:3000/", "http://localhost:3000", ""),
        ("flowise.example.com", "https://flowise.example.com", ""),
        (f" http://localhost:3000/canvas/{ID} ", "http://localhost:3000", ID),
        (f"https://f.example/v2/agentcanvas/{ID}?x=1#y", "https://f.example", ID),
        (f"https://f.example/agentcanvas/{ID}", "https://f.example", ID),
        (f"https://e.example/flowise/chatbot/{ID}", "https://e.example/flowise", ID),
        (f"https://f.example/api/v1/prediction/{ID}/", "https://f.example", ID),
        ("https://f.example/chatflows", "https://f.example", ""),
        ("https://f.example/api/v1", "https://f.example", ""),
        ("ftp://f.example", "ftp://f.example", ""),
    ],
)
def test_an_address_from_the_browser_names_the_server_and_maybe_the_flow(text: str, url: str, flow: str) -> None:
    assert pasted(text) == (url, flow)


def reply(body: object, *, status: int = 200, whole: bool = True) -> HttpReply:
    return HttpReply(status, {}, "application/json", json.dumps(body).encode(), whole)


ROWS = [{"id": "2", "name": "support", "type": "CHATFLOW"}, {"id": "1", "name": "Agents", "type": "AGENTFLOW"}]
FLOWS = [ListedFlow("1", "Agents", is_agentflow=True), ListedFlow("2", "support")]


@pytest.mark.parametrize(
    ("given", "flows"),
    [
        (reply(ROWS), FLOWS),
        (reply({"data": ROWS, "total": 2}), FLOWS),
        (reply([{"id": 3}, "x", {"name": "nameless"}, {"id": "4"}]), [ListedFlow("4", "4")]),
        (reply([]), []),
        (reply(ROWS, whole=False), None),
        (reply({"message": "no"}), None),
        (reply({"error": "Forbidden"}, status=403), None),
    ],
)
def test_the_list_of_flows(given: HttpReply, flows: list[ListedFlow] | None) -> None:
    assert flows_in(given) == flows


async def test_a_key_that_may_view_flows_gets_them_and_others_do_not() -> None:
    async with LocalFlowise(api_key="key") as flowise:
        found = await listed(DIRECT, Flowise(flowise.url, "key"))
        assert found is not None
        assert ListedFlow(flowise.chatflow_id, "rag") in found
        assert await listed(DIRECT, Flowise(flowise.url, "another")) is None
        assert await listed(DIRECT, Flowise(flowise.url)) is None


async def test_the_flow_is_asked_once() -> None:
    async with LocalFlowise(tokens_per_second=10_000) as flowise:
        came = await answered(DIRECT, Flowise(flowise.url), flowise.chatflow_id)
        assert came.state is Verdict.WELL
        assert len(flowise.predictions) == 1
        assert (await answered(DIRECT, Flowise(flowise.url), flowise.flow("fails"))).state is Verdict.WRONG


async def test_what_is_no_flowise_is_told_from_one_that_is_down() -> None:
    async with LocalFlowise() as flowise, LocalSlack() as slack:
        await reached(DIRECT, Flowise(flowise.url))
        with pytest.raises(NotFlowise):
            await reached(DIRECT, Flowise(slack.origin))
    with pytest.raises(FlowiseUnreachable):
        await reached(DIRECT, Flowise("http://127.0.0.1:9"))
