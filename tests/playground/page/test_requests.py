"""What a page may request, and the error for what is malformed."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot.playground.page import requests
from bot.playground.page.requests import PageRequest, misfit


@pytest.mark.parametrize(
    ("form", "given", "said"),
    [
        (requests.Say, [], "the request: "),
        (requests.Say, {"user": "U1"}, "channel: field required."),
        (requests.Say, {"user": "U1", "channel": 3}, "channel: input should be a valid string."),
        (requests.Say, {"user": "U1", "channel": "C1", "text": "x" * 40_001}, "text: string should have at most 40000"),
        (requests.Say, {"user": "U1", "channel": "C1", "as": "bot"}, "as: extra inputs are not permitted."),
        (requests.CommandRequest, {"user": "U1", "channel": "C1", "command": "flowise"}, "command: "),
        (requests.React, {"user": "U1", "channel": "C1", "ts": "1.0", "name": "<b>", "on": True}, "name: "),
        (requests.Act, {"user": "U1", "container": {"type": "home"}, "block_id": "", "action_id": ""}, "container: "),
        (requests.Change, {"latency": -1}, "latency: "),
        (requests.Change, {"flowise": {"fault": "fire"}}, "flowise.fault: "),
        (requests.FaultRequest, {"what": "unplug"}, "what: "),
    ],
)
def test_what_does_not_fit_is_told_in_a_sentence(form: type[PageRequest], given: object, said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        form.model_validate(given)
    assert misfit(refused.value).startswith(said)
    assert misfit(refused.value).endswith(".")


def test_what_was_asked_is_not_said_again() -> None:
    with pytest.raises(ValidationError) as refused:
        requests.Change.model_validate({"flowise": {"api_key": 12345, "fault": "none"}})
    assert "12345" not in misfit(refused.value)
    assert "secret" not in repr(requests.FlowiseChange(api_key="secret"))
