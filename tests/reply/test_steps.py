"""The steps of a flow: recordings of a real Flowise 3.1.4 as lists of lines, tables of states, and hostile labels."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Interrupted
from bot.flowise.events import (
    AgentsSpoke,
    CalledTools,
    ModelThinking,
    Step,
    StepEvent,
    StepState,
    Token,
    UsedTools,
)
from bot.flowise.parse import parse
from bot.playground.slack.blocks import check_blocks
from bot.playground.slack.pings import pings
from bot.reply.answer import Answer
from bot.reply.contract import Failed, Finished, ReplyEvent, Thinking
from bot.reply.steps import Steps
from bot.reply.steps_support import MEMORY, ShowSteps, StepsSupport
from bot.slack.text.block import Block
from bot.slack.text.limits import STEPS, TASK_TITLE
from bot.slack.text.pages import Document
from bot.slack.text.steps_blocks import inert
from bot.slack.wording_of_steps import ordinal, took, working_on

RECORDINGS = Path(__file__).parents[1] / "recordings"
RUNNING, FINISHED, FAILED, STOPPED, WAITING = StepState


def begun(name: str) -> Step:
    return Step(f"node {name}", name, RUNNING)


def done(name: str, state: StepState = FINISHED) -> Step:
    return Step(f"node {name}", name, state)


def played(*events: ReplyEvent, show: ShowSteps = ShowSteps.FULL, pace: float = 1.0) -> Steps:
    """The steps after these events, one each `pace` seconds."""
    steps = Steps(StepsSupport(show))
    for number, event in enumerate(events):
        steps.receive(event, 100.0 + pace * number)
    return steps


def lines(steps: Steps) -> list[str]:
    blocks = steps.under_text(0.0)
    return [f"{task['title']} [{task['status']}]" for block in blocks for task in tasks_of(block)]


def tasks_of(block: Block) -> list[dict[str, str]]:
    tasks = block["tasks"]
    assert isinstance(tasks, list)
    return tasks


def recorded(name: str) -> Steps:
    """The steps of a recorded stream, each frame at the time at which it came."""
    steps, now = Steps(), 0.0
    steps.receive(Thinking(), now)
    for row in (RECORDINGS / f"{name}.jsonl").read_text("utf-8").split("\n"):
        frame = json.loads(row) if row else {}
        now = frame.get("t_ms", now * 1000) / 1000
        for line in frame.get("frame", "").split("\n"):
            event = parse("", line.removeprefix("data:")) if line.startswith("data:") else None
            if isinstance(event, StepEvent | CalledTools | Token):
                steps.receive(event, now)
    steps.receive(Finished(), now)
    return steps


RECORDED = {
    "depth_steps_iter": (["Iteration: done [complete]", "Summarise, 20th time: done [complete]"], "2 steps, 1 s"),
    "depth_iteration_item_fails": (
        ["Iteration: done [complete]", "Summarise, 20th time (1 failed): done [complete]"],
        "2 steps, 1 failed, 2 s",
    ),
    "depth_steps_loop": ([], ""),
    "depth_steps_par_ends": (["Left: done [complete]", "Right: done [complete]"], "2 steps, 1 s"),
    "depth_steps_exec_af": ([], ""),
    "af_llm_reply": ([], ""),
    "af_reasoning": (["LLM: done [complete]", "Thought for 1 s [complete]"], "1 step, 1 s"),
    "af_agent_calculator": (
        ["Agent: done [complete]", "Used calculator [complete]"],
        "1 step, 1 tool (calculator), 1 s",
    ),
    "seq_agent_calculator": ([], ""),
}


@pytest.mark.parametrize(("name", "shown"), RECORDED.items())
def test_a_recorded_run(name: str, shown: tuple[list[str], str]) -> None:
    steps = recorded(name)
    assert (lines(steps), steps.folded(steps.tools)) == shown


STATES: list[tuple[tuple[ReplyEvent, ...], list[str]]] = [
    ((begun("A"), done("A"), begun("B")), ["A: done [complete]", "B [in_progress]"]),
    ((begun("A"), done("A", FAILED), begun("B")), ["A: failed [error]", "B [in_progress]"]),
    ((begun("A"), done("A", STOPPED), begun("B")), ["A: stopped [error]", "B [in_progress]"]),
    ((begun("A"), begun("B"), done("B", WAITING)), ["A [in_progress]", "B: needs a decision [pending]"]),
    ((begun("A"), begun("B"), done("B"), begun("B")), ["A [in_progress]", "B, 2nd time [in_progress]"]),
    (
        (begun("A"), begun("B"), done("B", FAILED), begun("B"), done("B", FAILED)),
        ["A [in_progress]", "B, 2nd time (1 failed): failed [error]"],
    ),
    # What ends a second time, or ends without having begun, is no step more.
    (
        (begun("A"), done("A"), done("A", FAILED), begun("B"), done("C", STOPPED)),
        ["A: done [complete]", "B [in_progress]"],
    ),
    ((begun("A"), ModelThinking()), ["A [in_progress]", "Thinking it through [in_progress]"]),
    ((begun("A"), ModelThinking(), ModelThinking(ended=True)), ["A [in_progress]", "Thought for 1 s [complete]"]),
    ((begun("A"), ModelThinking(), done("A"), Token("x")), ["A: done [complete]", "Thought for 2 s [complete]"]),
    (
        (ModelThinking(), Token("x"), begun("A"), ModelThinking(), Token("y")),
        ["Thought for 2 s [complete]", "A [in_progress]"],
    ),
    ((begun("A"), CalledTools(("search",))), ["A [in_progress]", "Using search [in_progress]"]),
    ((begun("A"), CalledTools(("search",)), CalledTools(())), ["A [in_progress]", "Used search [complete]"]),
    ((begun("A"), CalledTools(("search",)), Token("x")), ["A [in_progress]", "Used search [complete]"]),
    (
        (begun("A"), CalledTools(("search",)), CalledTools(("find",)), CalledTools(("search", "find"))),
        ["A [in_progress]", "Using search, 2nd time [in_progress]", "Using find [in_progress]"],
    ),
    (
        (AgentsSpoke(("Boss",)), Step("agent Ann", "Ann", RUNNING), AgentsSpoke(("Boss", "Ann", "Boss"))),
        ["Boss, 2nd time: done [complete]", "Ann: done [complete]"],
    ),
    ((AgentsSpoke(("Boss", "Ann")), AgentsSpoke(("Boss", "Ann"))), ["Boss: done [complete]", "Ann: done [complete]"]),
    ((begun("A"), begun("B"), Finished()), ["A: done [complete]", "B: done [complete]"]),
    ((begun("A"), begun("B"), Failed(Interrupted("x"), "r")), ["A: stopped [error]", "B: stopped [error]"]),
    ((begun("A"), done("A")), []),  # one step is no list
]


@pytest.mark.parametrize(("events", "shown"), STATES)
def test_the_list_of_steps(events: tuple[ReplyEvent, ...], shown: list[str]) -> None:
    assert lines(played(*events)) == shown


FOLDED: list[tuple[tuple[ReplyEvent, ...], str]] = [
    ((Thinking(), begun("A"), done("A"), begun("B"), Finished()), "2 steps, 4 s"),
    ((Thinking(), begun("A"), done("A", FAILED), begun("B"), Finished()), "2 steps, 1 failed, 4 s"),
    ((begun("A"), begun("B"), UsedTools(("a", "b")), Finished()), "2 steps, 2 tools (a and b)"),
    ((begun("A"), CalledTools(("a",)), Token("x"), Failed(Interrupted("x"), "r")), "1 step, 1 tool (a)"),
    ((Thinking(), ModelThinking(), Token("x"), Finished()), "Thought for 1 s"),
    ((Thinking(), begun("A"), done("A"), Finished()), "Used: none"),
    ((Thinking(), UsedTools(("a",)), Finished()), "Used: a"),
    ((Thinking(), ModelThinking(), Token("x"), UsedTools(("a",)), Finished()), "Used: a"),
    ((Thinking(), begun("A"), begun("B")), ""),
]


@pytest.mark.parametrize(("events", "folded"), FOLDED)
def test_what_is_left_of_the_steps_is_one_line(events: tuple[ReplyEvent, ...], folded: str) -> None:
    answer = Answer(Document())
    for number, event in enumerate(events):
        answer.steps.receive(event, float(number))
        answer.receive(event)
    texts = [str(block["elements"]) for block in answer.footer(with_work=True)]
    wanted = [] if folded in ("", "Used: none") else [folded]
    assert [folded for text in texts if f"'{folded}'" in text] == wanted


def test_a_long_list_shows_the_steps_that_have_changed_last() -> None:
    names = [f"S{number}" for number in range(1, 26)]
    steps = played(*map(begun, names), *map(done, names), begun("S3"))
    [plan] = steps.under_text(0.0)
    assert plan["title"] == "Steps, and 15 earlier"
    assert [task["title"] for task in tasks_of(plan)] == ["S3, 2nd time", *(f"S{n}: done" for n in range(17, 26))]
    assert [task["task_id"] for task in tasks_of(plan)][:2] == ["step-3", "step-17"]
    streamed = steps.tasks(0.0)
    assert [task.title for task in streamed][-2:] == ["S9: done", "and 16 more"]
    assert len(streamed) == STEPS


def test_a_flow_without_end_takes_no_room() -> None:
    steps = played(*(begun(f"S{number}") for number in range(5_000)), pace=0.0)
    assert steps.folded(()) == ""
    steps.receive(Finished(), 200.0)
    assert steps.folded(()) == "200 steps"


def test_how_much_is_shown_is_a_setting() -> None:
    events = (Thinking(), begun("A"), done("A"), begun("B"), Finished())
    line, off = played(*events, show=ShowSteps.LINE), played(*events, show=ShowSteps.OFF)
    assert (line.under_text(0.0), line.tasks(0.0), line.folded(())) == ((), (), "2 steps, 4 s")
    assert (off.under_text(0.0), off.tasks(0.0), off.folded(())) == ((), (), "")
    assert played(begun("A"), show=ShowSteps.LINE).status == "is working on “A”…"
    still = played(begun("A"), show=ShowSteps.OFF)
    assert (still.status, still.began_at) == ("", 0.0)


def test_a_refusal_of_the_block_is_remembered_for_an_hour() -> None:
    support = StepsSupport()
    assert not support.plan_refused("msg_too_long", 10.0)
    assert support.takes_plan(10.0)
    assert support.plan_refused("invalid_blocks", 10.0)
    steps = Steps(support)
    for event in (begun("A"), done("A"), begun("B")):
        steps.receive(event, 20.0)
    [line] = steps.under_text(10.0 + MEMORY)
    assert line["type"] == "context"
    assert "A: done · B" in str(line)
    assert support.takes_tasks(20.0)  # a stream's tasks are another thing
    [plan] = steps.under_text(11.0 + MEMORY)
    assert plan["type"] == "plan"


STATUSES = [
    ((begun("Summarise"),), "is working on “Summarise”…"),
    ((begun("Summarise"), done("Summarise"), begun("Summarise")), "is working on “Summarise”, 2nd time…"),
    ((begun("A" * 80),), f"is working on “{'A' * 32}…”…"),
    ((begun("A"), ModelThinking()), "is thinking it through…"),
    ((begun("A"), CalledTools(("search",))), "is using search"),
    ((begun("A"), done("A")), ""),
    ((begun("A"), begun("B"), done("B")), "is working on “A”…"),
]


@pytest.mark.parametrize(("events", "status"), STATUSES)
def test_the_status_names_the_step_that_runs(events: tuple[ReplyEvent, ...], status: str) -> None:
    assert played(*events).status == status


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (7, "7th"), (11, "11th"), (112, "112th")]
)
def test_ordinals(number: int, said: str) -> None:
    assert ordinal(number) == said


@pytest.mark.parametrize(("seconds", "said"), [(0.0, "1 s"), (12.4, "12 s"), (59.6, "1 min 0 s"), (125.0, "2 min 5 s")])
def test_times(seconds: float, said: str) -> None:
    assert took(seconds) == said


HOSTILE = st.lists(
    st.sampled_from(
        [
            *("<!here>", "@channel", "<@U012ABC>", "<#C012ABC>", "https://evil.example/?q=1", "www.evil.example"),
            *("#general", "<mailto:a@b.c|x>", "<!subteam^S1>", "`", "*", "\n", " ", "a", "\u202e", "\ud83d", "🎈"),
            *("&lt;", "[x](", ")"),
        ]
    ),
    max_size=40,
).map("".join)


@settings(deadline=None)
@given(HOSTILE)
def test_no_label_pings_links_or_breaks_a_block(label: str) -> None:
    shown = inert(label)
    assert "\n" not in shown
    assert not pinged(shown)
    assert "://" not in shown
    assert "www." not in shown.lower()
    step = parse("", json.dumps({"event": "nextAgentFlow", "data": {"nodeLabel": label, "status": "INPROGRESS"}}))
    if isinstance(step, Step):
        for support in (StepsSupport(), refusing()):
            steps = Steps(support)
            for event in (begun("A"), step, CalledTools((step.name,))):
                steps.receive(event, 1.0)
            blocks = steps.under_text(2.0)
            check_blocks(blocks)
            assert not pinged(*titles(blocks))
            assert not pings("", blocks, None, CHANNELS, parse=True)
            json.dumps(blocks).encode()
            assert all(len(task.title) <= TASK_TITLE for task in steps.tasks(2.0))
        assert len(working_on(step.name, 7)) <= 50


CHANNELS = frozenset({"general"})


def titles(blocks: tuple[Block, ...]) -> list[str]:
    return [task["title"] for block in blocks if block["type"] == "plan" for task in tasks_of(block)]


def pinged(*shown: str) -> list[str]:
    """Whom texts would ping if a client read them as mrkdwn."""
    return [ping for text in shown for ping in pings(text, (), None, CHANNELS, parse=True)]


def refusing() -> StepsSupport:
    support = StepsSupport()
    support.plan_refused("invalid_blocks", 0.0)
    return support
