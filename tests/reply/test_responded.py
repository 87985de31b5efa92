"""An answer through a response URL: at most five uses, whatever its length."""

from __future__ import annotations

from bot.flowise.events import Token
from bot.reply.contract import Finished, Place, Thinking
from bot.reply.responded import RespondedReply
from bot.slack import wording
from bot.slack.calls import Accepted, Limited, Lost, Refused, Respond

PLACE = Place(channel="C1", thread_ts=None, user="U1", response_url="https://hooks.example/1")


def given(text: str) -> list[Respond]:
    reply, calls = RespondedReply(PLACE, invite="/invite @Flowise"), []
    reply.receive(Thinking(), 0.0)

    def run() -> None:
        while (call := reply.next_call(0.0)) is not None or reply.wake_at(0.0) == 0.0:
            if call is not None:
                assert isinstance(call, Respond)
                calls.append(call)
                reply.answered(call, Accepted(), 0.0)

    for event in (Token(text), Finished()):
        run()
        reply.receive(event, 0.0)
    run()
    assert reply.done
    return calls


def test_how_to_invite_the_bot_and_the_answer() -> None:
    greeting, answer = given("Hello.")
    assert "/invite @Flowise" in greeting.text
    assert answer.text == "Hello."


def test_a_very_long_answer_stays_within_five_uses_and_says_that_it_is_cut() -> None:
    calls = given("\n\n".join("word " * 300 for _ in range(60)))
    assert len(calls) == 5
    assert wording.CUT in str(calls[-1].blocks)


def test_limits_losses_and_refusals() -> None:
    reply = RespondedReply(PLACE, invite="")
    call = reply.next_call(0.0)
    assert call is not None
    reply.answered(call, Limited(3.0), 0.0)
    assert reply.next_call(2.9) is None
    assert reply.wake_at(0.0) == 3.0
    call = reply.next_call(3.0)
    assert call is not None
    reply.answered(call, Lost("reset"), 3.0)
    call = reply.next_call(9.0)
    assert call is not None
    reply.answered(call, Refused("used_url"), 9.0)
    assert reply.done
    assert "used_url" in reply.given_up


def test_losses_are_counted_in_a_row_and_slack_is_tried_again_for_as_long_as_the_url_lives() -> None:
    reply = RespondedReply(PLACE, invite="")
    reply.receive(Token("Hello."), 0.0)
    reply.receive(Finished(), 0.0)
    now = 0.0

    def made(result: Accepted | Lost) -> None:
        nonlocal now
        now = reply.wake_at(now) or now
        call = reply.next_call(now)
        assert call is not None
        reply.answered(call, result, now)

    for _ in range(2):  # the greeting, and the answer
        for _ in range(5):
            made(Lost("reset"))
        assert not reply.done
        made(Accepted())
    assert reply.done
    assert reply.given_up == ""


def test_a_url_that_is_dead_is_given_up() -> None:
    reply, now = RespondedReply(PLACE, invite=""), 0.0
    while not reply.done:
        call = reply.next_call(now)
        assert call is not None
        reply.answered(call, Lost("reset"), now)
        now = reply.wake_at(now) or now
    assert 1_800 < now < 1_900
    assert "reset" in reply.given_up
