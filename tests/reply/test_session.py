"""The session of an agent's thread, as dialogues with an invented clock: at work from the turn to the last word."""

from __future__ import annotations

from dataclasses import dataclass, field

from bot.flowise.events import Token
from bot.reply.contract import Finished, Place, Sentence, Thinking
from bot.reply.edited import EditedReply
from bot.reply.messages import NOTHING, Adopted
from bot.reply.session import SessionLine
from bot.slack.calls import Accepted, Call, Limited, Posted, PostMessage, Refused, Result, SetSession, UpdateMessage

PLACE = Place(channel="D1", thread_ts="1.0", user="U1")
AT_WORK, AT_REST = True, False


@dataclass
class Play:
    """A reply, the calls that were made for it, and what Slack answers to the next ones about the session."""

    reply: EditedReply
    now: float = 100.0
    made: list[Call] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)

    def passes(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            while (call := self.reply.next_call(self.now)) is not None:
                self.made.append(call)
                self.reply.answered(call, self._result(call), self.now)
            at = self.reply.wake_at(self.now)
            if at is None or at > end:
                self.now = end
                return
            self.now = at

    def _result(self, call: Call) -> Result:
        if isinstance(call, SetSession) and self.results:
            return self.results.pop(0)
        return Posted(f"2.{len(self.made)}") if isinstance(call, PostMessage) else Accepted()

    @property
    def sessions(self) -> list[tuple[bool, str]]:
        return [(bool(call.status), call.title) for call in self.made if isinstance(call, SetSession)]


def play(adopted: Adopted = NOTHING, *results: Result) -> Play:
    line = SessionLine("D1", "1.0", title="Why?", may_stand=bool(adopted.messages))
    reply = EditedReply(PLACE, reference="a1", interval=1.2, has_status=True, adopted=adopted, status=line)
    return Play(reply, results=list(results))


def test_it_is_at_work_until_the_last_word_stands_and_named_once() -> None:
    it = play()
    it.reply.receive(Thinking(), it.now)
    it.passes(1.0)
    it.reply.receive(Token("half "), it.now)
    it.passes(600.0)
    it.reply.receive(Token("whole"), it.now)
    it.reply.receive(Finished(), it.now)
    it.passes(10.0)
    assert it.sessions == [(AT_WORK, "Why?"), (AT_REST, "")]
    assert [type(call) for call in it.made[-2:]] == [UpdateMessage, SetSession]
    assert it.reply.done


def test_slack_is_told_again_before_it_takes_the_work_for_over() -> None:
    it = play()
    it.reply.receive(Thinking(), it.now)
    it.passes(3_599.0)
    assert it.sessions == [(AT_WORK, "Why?"), (AT_WORK, "")]


def test_it_is_reset_with_patience_since_slack_believes_it_for_an_hour() -> None:
    it = play(NOTHING, Accepted(), *[Limited(40.0)] * 6)
    it.reply.receive(Thinking(), it.now)
    it.passes(1.0)
    it.reply.receive(Token("whole"), it.now)
    it.reply.receive(Finished(), it.now)
    it.passes(300.0)
    assert it.sessions[1:] == [(AT_REST, "")] * 7
    assert it.reply.done


def test_where_there_are_no_sessions_a_message_shows_the_work() -> None:
    it = play(NOTHING, Refused("not_agent_app"))
    it.reply.receive(Thinking(), it.now)
    it.passes(1.0)
    it.reply.receive(Token("whole"), it.now)
    it.reply.receive(Finished(), it.now)
    it.passes(10.0)
    assert it.sessions == [(AT_WORK, "Why?")]
    assert isinstance(it.made[1], PostMessage)
    assert it.reply.done


def test_a_sentence_resets_what_another_process_has_left() -> None:
    it = play(Adopted(messages=("2.0",)))
    it.reply.receive(Sentence("I was stopped."), it.now)
    it.reply.receive(Finished(), it.now)
    it.passes(10.0)
    assert it.sessions[-1][0] is AT_REST
    assert len(it.sessions) == 1
