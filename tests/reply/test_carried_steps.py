"""How the steps of an answer come into its messages, by edits and by streams: with writes that are made for text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bot.errors import Interrupted
from bot.flowise.events import (
    CalledTools,
    ModelThinking,
    SourceDocument,
    SourceDocuments,
    Step,
    StepState,
    Token,
    UsedTools,
)
from bot.pacing.permits import Kind
from bot.reply.carried_steps import ALONE_AFTER
from bot.reply.contract import Failed, Finished, Place, Reply, ReplyEvent, Thinking
from bot.reply.edited import EditedReply
from bot.reply.native_first import NativeFirst
from bot.reply.status import STEP_LASTS, STEP_STAYS
from bot.reply.steps import Steps
from bot.reply.steps_support import ShowSteps, StepsSupport
from bot.reply.streams import LAST_CALL, LIFE, Mode, StreamSupport
from bot.slack import wording
from bot.slack.calls import (
    Accepted,
    AppendStream,
    Call,
    Limited,
    Lost,
    Posted,
    PostMessage,
    Refused,
    Result,
    SetStatus,
    StartStream,
    StopStream,
    UpdateMessage,
)
from bot.slack.text.blocks import note, shown
from bot.slack.text.steps_blocks import Task, is_plan

THREAD = Place(channel="C1", thread_ts="1.0", user="U1", team="T1")
FLAT = Place(channel="D1", thread_ts=None, user="U1")
RUNNING, FINISHED, FAILED, *_ = StepState


def step(name: str, state: StepState = RUNNING) -> Step:
    return Step(f"node {name}", name, state)


def edits(place: Place = THREAD, support: StepsSupport | None = None) -> EditedReply:
    has_status = place.thread_ts is not None
    return EditedReply(place, reference="abc123", interval=1.2, has_status=has_status, steps=Steps(support))


def streams(support: StepsSupport | None = None) -> NativeFirst:
    mode = StreamSupport(Mode.STREAM)
    return NativeFirst(THREAD, reference="abc123", interval=1.2, most=10, streams=mode, steps=Steps(support))


def made(reply: Reply, now: float, *results: Result) -> list[Call]:
    """The calls that are due now. The first ones get these results, the others are accepted."""
    calls: list[Call] = []
    left: Iterator[Result] = iter(results)
    while (call := reply.next_call(now)) is not None or reply.wake_at(now) == now:
        if call is None:
            continue  # a long text is laid out piece by piece
        calls.append(call)
        result = Posted(f"{len(calls)}.5") if isinstance(call, PostMessage | StartStream) else Accepted()
        reply.answered(call, next(left, result), now)
    return calls


def told(reply: Reply, now: float, *events: ReplyEvent) -> list[Call]:
    """The calls after some events."""
    for event in events:
        reply.receive(event, now)
    return made(reply, now)


def plan_of(call: Call) -> list[str] | None:
    assert isinstance(call, PostMessage | UpdateMessage)
    plans = [block for block in call.blocks if is_plan(block)]
    return shown(tuple(plans)).splitlines() if plans else None


def statuses(calls: list[Call]) -> list[str]:
    return [call.status for call in calls if isinstance(call, SetStatus)]


# By edits -------------------------------------------------------------------------------------------------------------


def test_a_text_brings_its_steps_and_its_end_folds_them() -> None:
    reply = edits()
    assert statuses(told(reply, 0.0, Thinking(), step("Understand"))) == ["is working on “Understand”…"]
    assert statuses(told(reply, 4.0, step("Understand", FINISHED), step("Search"))) == ["is working on “Search”…"]
    [post] = told(reply, 8.0, step("Search", FAILED), step("Answer"), Token("Hello"))
    assert plan_of(post) == ["Steps", "Understand: done", "Search: failed", "Answer"]
    assert "Understand" not in getattr(post, "text", "")
    assert told(reply, 9.0, step("Answer", FINISHED)) == []  # a step alone is no edit
    [edit] = told(reply, 9.1, Token(" world"))
    assert plan_of(edit) == ["Steps", "Understand: done", "Search: failed", "Answer: done"]
    [end] = told(reply, 12.0, UsedTools(("search",)), Finished())
    assert isinstance(end, UpdateMessage)
    assert plan_of(end) is None
    assert shown(end.blocks) == "Hello world\n3 steps, 1 failed, 1 tool (search), 12 s"
    assert reply.done


def test_a_failure_folds_the_steps_too() -> None:
    reply = edits()
    told(reply, 0.0, Thinking(), step("A"), step("A", FINISHED), step("B"), Token("Hello"))
    [end] = told(reply, 3.0, Failed(Interrupted("x"), "ref1"))
    assert isinstance(end, UpdateMessage)
    assert "2 steps, 3 s" in shown(end.blocks).splitlines()
    assert plan_of(end) is None


def test_many_steps_are_no_more_calls() -> None:
    """An iteration of 200 items beside a growing text: as many edits as without it."""

    def played(*, steps: bool) -> list[str]:
        reply, calls = edits(), told(edits(), 0.0)
        calls += told(reply, 0.0, Thinking(), step("A"), step("A", FINISHED), Token("word "))
        for number in range(200):
            now = number / 10
            if steps:
                calls += told(reply, now, step("B"), step("B", FINISHED))
            if number % 5 == 0:
                calls += told(reply, now, Token("word "))
        return [type(call).__name__ for call in calls if not isinstance(call, SetStatus)]

    assert played(steps=True) == played(steps=False)


def test_the_line_names_a_step_for_as_long_as_it_takes_to_read() -> None:
    reply = edits()
    told(reply, 0.0, Thinking())
    named: list[str] = []
    for number in range(100):
        named += statuses(told(reply, 1.0 + number / 10, step("A"), step("A", FINISHED), step("A")))
    assert len(named) == pytest.approx(10 / STEP_STAYS, abs=1)
    assert named[0] == "is working on “A”, 2nd time…"


def test_between_words_the_line_names_a_step_that_lasts() -> None:
    reply = edits()
    told(reply, 0.0, Thinking(), step("A"), Token("Hello"), step("A", FINISHED), step("B"))
    reply.receive(step("B"), 1.0)
    assert statuses(made(reply, 1.0)) == []
    assert reply.wake_at(1.0) == 1.0 + STEP_LASTS
    assert statuses(made(reply, 1.0 + STEP_LASTS)) == ["is working on “B”, 2nd time…"]
    assert statuses(told(reply, 9.0, Token(" world"))) == [wording.STATUS_NONE]


def test_a_thought_is_named_and_timed() -> None:
    reply = edits()
    told(reply, 0.0, Thinking(), step("A"))
    assert statuses(told(reply, 5.0, ModelThinking())) == ["is thinking it through…"]
    [post] = told(reply, 17.0, ModelThinking(ended=True), Token("Hello"))
    assert plan_of(post) == ["Steps", "A", "Thought for 12 s"]


@pytest.mark.parametrize("words", range(800, 1_100, 20))
def test_steps_take_no_room_from_what_stands_under_the_text(words: int) -> None:
    """A page that is nearly full keeps its mark and its sources, and no message is posted for the list alone."""
    reply = edits()
    told(reply, 0.0, Thinking(), *(step(f"{number} {'long ' * 15}") for number in range(12)))
    sources = SourceDocuments((SourceDocument("Handbook"),))
    posts = told(reply, 4.0, sources, Token("nine-long " * words))
    last = posts[-1]
    assert isinstance(last, PostMessage)
    assert len(posts) == (1 if words <= 980 else 2)
    assert last.blocks[-1] == note(wording.GROWING)
    assert "Handbook" in shown(last.blocks)
    ended = told(reply, 8.0, Finished())
    assert {type(call) for call in ended} == {UpdateMessage}  # no message was one too many


@pytest.mark.parametrize("error", ["invalid_blocks", "invalid_blocks_format"])
def test_where_slack_refuses_the_block_there_is_a_grey_line(error: str) -> None:
    support = StepsSupport()
    reply = edits(support=support)
    told(reply, 0.0, Thinking(), step("A"), step("A", FINISHED), step("B"))
    reply.receive(Token("Hello"), 4.0)
    refused, post = made(reply, 4.0, Refused(error))
    assert plan_of(refused) is not None
    assert isinstance(post, PostMessage)
    assert plan_of(post) is None
    assert "A: done · B" in shown(post.blocks)
    other = edits(support=support)  # the next answer need not be refused
    [first] = [
        call for call in told(other, 9.0, Thinking(), step("A"), step("B"), Token("x")) if isinstance(call, PostMessage)
    ]
    assert "A · B" in shown(first.blocks)


def test_where_the_text_itself_is_refused_it_becomes_plainer_as_before() -> None:
    reply = edits()
    told(reply, 0.0, Thinking(), step("A"), step("B"))
    reply.receive(Token("**Hello**"), 4.0)
    refused = Refused("invalid_blocks")
    _, _, _, plain = made(reply, 4.0, refused, refused, refused)
    assert isinstance(plain, PostMessage)
    assert plain.blocks == ()
    assert not reply.given_up


def test_where_no_line_is_the_message_is_edited_for_a_step_once() -> None:
    reply = edits(FLAT)
    [post] = told(reply, 0.0, Thinking())
    assert told(reply, 1.0, step("A")) == []
    assert reply.wake_at(1.0) == ALONE_AFTER
    call = reply.next_call(ALONE_AFTER)
    assert isinstance(call, UpdateMessage)
    assert shown(call.blocks) == "Working on “A”…"
    want = reply.want(ALONE_AFTER)
    assert (want.kind, want.waits) == (Kind.PROGRESS, False)
    reply.answered(call, Accepted(), ALONE_AFTER)
    assert told(reply, 9.0, step("A", FINISHED), step("B")) == []
    [minute] = made(reply, 60.0)
    assert isinstance(minute, UpdateMessage)
    assert shown(minute.blocks) == "Working on “B”… (1 min)"
    reply.receive(Token("Hello"), 61.0)
    reply.next_call(61.0)
    assert reply.want(61.0).waits
    assert isinstance(post, PostMessage)


def test_an_edit_for_a_step_that_is_not_to_be_had_holds_nothing_up() -> None:
    reply = edits(FLAT)
    told(reply, 0.0, Thinking())
    told(reply, 0.0, step("A"))
    assert len(made(reply, ALONE_AFTER, Limited(30.0))) == 1
    [text] = told(reply, ALONE_AFTER + 0.1, Token("Hello"))
    assert isinstance(text, UpdateMessage)
    assert reply.want(ALONE_AFTER + 0.1).waits


@pytest.mark.parametrize("show", [ShowSteps.LINE, ShowSteps.OFF])
def test_less_is_shown_on_request(show: ShowSteps) -> None:
    reply = edits(support=StepsSupport(show))
    status = statuses(told(reply, 0.0, Thinking(), step("A"), step("B")))
    assert status == (["is working on “B”…"] if show is ShowSteps.LINE else [wording.STATUS_THINKING])
    [post] = told(reply, 4.0, Token("Hello"))
    assert plan_of(post) is None
    [end] = told(reply, 8.0, UsedTools(("t",)), Finished())
    assert isinstance(end, UpdateMessage)
    folded = "2 steps, 1 tool (t), 8 s" if show is ShowSteps.LINE else "Used: t"
    assert shown(end.blocks) == f"Hello\n{folded}"


# By streams -----------------------------------------------------------------------------------------------------------


def tasks(call: Call) -> list[tuple[str, str, str]]:
    assert isinstance(call, StartStream | AppendStream | StopStream)
    return [(task.id, task.title, task.status) for task in call.tasks]


def begun(support: StepsSupport | None = None) -> tuple[NativeFirst, StartStream]:
    reply = streams(support)
    told(reply, 0.0, Thinking(), step("A"), step("A", FINISHED), step("B"))
    [start] = told(reply, 4.0, Token("Hello there. "))
    assert isinstance(start, StartStream)
    return reply, start


def test_a_stream_begins_with_its_steps_and_folds_them_in_their_title() -> None:
    reply, start = begun()
    assert tasks(start) == [("step-1", "A: done", "complete"), ("step-2", "B", "in_progress")]
    assert start.plan == "Steps"
    assert told(reply, 6.0, step("B", FINISHED), step("B")) == []  # a step alone is no call
    [more] = told(reply, 6.1, Token("More words. "))
    assert tasks(more) == [("step-2", "B, 2nd time", "in_progress")]
    [stop] = told(reply, 9.0, Token("The end."), UsedTools(("t",)), Finished())
    assert isinstance(stop, StopStream)
    assert tasks(stop) == [("step-2", "B, 2nd time: done", "complete")]
    assert stop.plan == "2 steps, 1 tool (t), 9 s"
    assert stop.blocks == ()  # it is not said twice
    assert reply.done


def test_a_stream_that_began_without_steps_tells_them_where_they_come() -> None:
    reply = streams()
    told(reply, 0.0, Thinking())
    [start] = told(reply, 4.0, Token("I'll look. "))
    assert (tasks(start), getattr(start, "plan", None)) == ([], "")
    told(reply, 5.0, step("A"), CalledTools(("search",)))
    *_, more = told(reply, 6.1, Token("Found it. "))
    assert tasks(more) == [("step-1", "A", "in_progress"), ("step-2", "Used search", "complete")]
    [stop] = told(reply, 9.0, Token("The end."), Finished())
    assert isinstance(stop, StopStream)
    assert tasks(stop) == [("step-1", "A: done", "complete")]
    assert (stop.plan, shown(stop.blocks)) == ("", "1 step, 1 tool (search), 9 s")


def test_no_task_is_left_in_progress_in_a_message_that_is_full() -> None:
    reply, _ = begun()
    now = 4.0 + LIFE + LAST_CALL
    [stop] = told(reply, now, Token("More. "))
    assert isinstance(stop, StopStream)
    assert tasks(stop) == [("step-2", "B", "complete")]
    [start] = told(reply, now + 2.0, Token("And more. "))
    assert isinstance(start, StartStream)
    assert tasks(start) == [("step-2", "B", "in_progress")]  # it goes on here
    [stop] = told(reply, now + 9.0, Failed(Interrupted("x"), "ref1"))
    assert isinstance(stop, StopStream)
    assert tasks(stop) == [("step-2", "B: stopped", "error")]


def test_a_stream_that_slack_takes_no_tasks_in_goes_on_without() -> None:
    support = StepsSupport()
    reply = streams(support)
    told(reply, 0.0, Thinking(), step("A"), step("B"))
    reply.receive(Token("Hello there. "), 4.0)
    refused, start = made(reply, 4.0, Refused("invalid_chunks"))
    assert tasks(refused) != []
    assert isinstance(start, StartStream)
    assert tasks(start) == []
    [stop] = told(reply, 9.0, Finished())
    assert isinstance(stop, StopStream)
    assert (tasks(stop), stop.plan, shown(stop.blocks)) == ([], "", "2 steps, 9 s")
    assert tasks(begun(support)[1]) == []


def test_a_stream_that_is_lost_goes_on_by_edits_with_its_steps() -> None:
    reply, _ = begun()
    told(reply, 5.0, CalledTools(("search",)))
    reply.receive(Token("More words. "), 7.0)
    calls = made(reply, 7.0, Lost("x"), Lost("x"))
    now = 7.0
    while not isinstance(calls[-1], UpdateMessage):
        now = reply.wake_at(now) or now + 1
        calls += made(reply, now)
    assert plan_of(calls[-1]) == ["Steps", "A: done", "B", "Used search"]


def test_tasks_have_steady_ids() -> None:
    steps = Steps()
    for number in range(30):
        steps.receive(step(f"S{number}"), float(number))
    assert [task.id for task in steps.tasks(0.0)] == [f"step-{number}" for number in range(1, 11)]
    assert steps.tasks(0.0)[0] == Task("step-1", "S0", "in_progress")
