"""What a flow offers is read from its public configuration, keyless and seldom, and nothing else of it is kept."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bot.flowise.chatbot_config import ChatbotConfig, chatbot_config
from bot.flowise.client import Limits
from bot.records.form import FormField

if TYPE_CHECKING:
    from tests.flowise.conftest import MakeClient, Server

RECORDINGS = Path(__file__).parents[1] / "recordings" / "config"
OFFERS = {"chatFeedback": {"status": True}, "flowData": "{}"}


def recorded(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
    return body


def test_the_recorded_configurations() -> None:
    assert chatbot_config(recorded("full")) == ChatbotConfig(
        starter_prompts=("What can you do?", "When do you open?"),
        feedback=True,
        follow_ups=True,
        document_types=frozenset({"application/pdf", "text/csv", "text/plain"}),
    )
    assert chatbot_config(recorded("tts")) == ChatbotConfig()
    assert chatbot_config(recorded("form")) == ChatbotConfig(
        start_input_type="formInput",
        form_title="Order",
        form_description="What do you want?",
        form_fields=(
            FormField("item", "Item", "string"),
            FormField("count", "How many", "number"),
            FormField("gift", "Gift", "boolean"),
            FormField("size", "Size", "options", ("small", "large")),
        ),
    )


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"starterPrompts": [], "chatFeedback": True, "followUpPrompts": "on", "uploads": None, "flowData": "{"},
        {"starterPrompts": {"0": None, "1": {"prompt": 5}}, "chatFeedback": {"status": "true"}, "flowData": "[]"},
        {"flowData": json.dumps({"nodes": [None, {"data": {"name": "startAgentflow", "inputs": []}}]})},
    ],
)
def test_what_is_not_as_it_should_be_is_off(body: dict[str, Any]) -> None:
    assert chatbot_config(body) == ChatbotConfig()


async def test_it_is_read_without_the_key_every_five_minutes_at_most_and_the_last_one_stays(
    server: Server, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    now = 1_000.0
    caplog.set_level(logging.DEBUG)
    secret = {"flowData": json.dumps({"nodes": [{"data": {"prompt": "canary"}}]})}
    server.on(
        "GET",
        "/api/v1/public-chatbotConfig/",
        server.json(OFFERS),
        server.json({"message": "canary"}, 500),
        server.page(200, "text/html", "<!doctype html>canary"),
        server.json(secret),
    )
    client = make_client(key="k", clock=lambda: now)
    seen: list[tuple[bool, int]] = []
    for later in (0.0, 299.0, 300.0, 600.0, 900.0):
        now = 1_000.0 + later
        config = await client.config()
        seen.append((config.feedback, len(server.requests)))
    assert seen == [(True, 1), (True, 1), (True, 2), (True, 3), (False, 4)]
    assert all("Authorization" not in str(request) for request in server.requests)
    assert "canary" not in caplog.text


async def test_one_that_is_too_large_or_does_not_come_is_none(server: Server, make_client: MakeClient) -> None:
    large = {**OFFERS, "more": "x" * 70_000}
    server.on("GET", "/api/v1/public-chatbotConfig/", server.json(large))
    assert not (await make_client(limits=Limits(frame_bytes=65_536)).config()).feedback
    server.on("GET", "/api/v1/public-chatbotConfig/", server.silence())
    assert not (await make_client(limits=Limits(headers=0.1)).config()).feedback
