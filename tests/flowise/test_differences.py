"""When the stored text of an answer is looked at, by recorded answers of a real Flowise 3.1.4."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.flowise.differences import Differences
from bot.flowise.events import AgentflowStarted, CalledTools, Event, Token, UsedTools
from bot.flowise.parse import parse

RECORDINGS = Path(__file__).parents[1] / "recordings"

# A name, and whether its stored text may be another one than its tokens.
RECORDED = {
    "depth_stored_agentflow_1": True,  # an agent's words before a tool call
    "depth_stored_direct_1": True,  # a tool's output is the answer
    "depth_token_after_usedtools": True,
    "tool_agent_preamble": True,
    "tool_agent_calculator": True,  # no word before the call, but a tool was used
    "tool_agent_detailed_calculator": True,
    "af_agent_preamble": True,
    "seq_agent_calculator": True,
    "depth_stored_think_chat": True,  # a Tool Agent takes reasoning out, and nothing tells one from a chain
    "depth_stored_think_tool": True,
    "depth_stored_think_agent_slow": True,
    "depth_stored_imgmd_chat": True,
    "depth_stored_imgmd_tool": True,
    "depth_stored_imgmd_agent_slow": True,
    "depth_steps_par_ends": True,  # two nodes end the run, and both stream
    "depth_steps_par": False,  # two branches that meet: only the last node streams
    "depth_steps_loop": False,
    "af_llm_llm": False,
    "af_llm_big_answer_60k": False,
    "af_reasoning": False,  # reasoning that comes in events of its own
    "af_structured": False,
    "llm_mid_drop": False,
    "rag_first": False,
    "seq_agent_chat": False,
    "text_code": False,
    "text_html": False,
    "text_slack": False,
}


def may_differ(*events: Event | None) -> bool:
    differences = Differences()
    for event in events:
        if event is not None:
            differences.note(event)
    return differences.may_exist


@pytest.mark.parametrize(("name", "expected"), RECORDED.items())
def test_a_recorded_answer_is_looked_at_where_its_text_may_differ(name: str, expected: bool) -> None:
    rows = [json.loads(line) for line in (RECORDINGS / f"{name}.jsonl").read_text("utf-8").split("\n") if line]
    lines = [line for row in rows for line in row.get("frame", "").split("\n") if line.startswith("data:")]
    assert lines
    assert may_differ(*(parse("", line.removeprefix("data:")) for line in lines)) is expected


@pytest.mark.parametrize(
    "text",
    [
        "<thinking>a plan</thinking>Hello",
        "< think >a plan</think>Hello",
        "the rest of a plan</think>Hello",
        "<Reasoning>a plan</Reasoning>",
        "[a table](sandbox:/mnt/data/a.csv)",
        "![plot](attachment://plot.png)",
    ],
)
def test_a_sign_in_the_text_counts_however_it_is_cut(text: str) -> None:
    for cut in range(len(text)):
        assert may_differ(Token("Well. " + text[:cut]), Token(text[cut:]))
    assert may_differ(*map(Token, text))


def test_a_node_that_streams_after_another_one_has_counts() -> None:
    node = AgentflowStarted()
    assert may_differ(node, Token("One"), node, node, Token("\n"), Token("Two"))
    assert not may_differ(node, node, Token("One"), Token(" answer"), node)
    assert not may_differ(node, Token("One"), node, Token(" "))  # white space is no text of its own


def test_tools_count_only_if_there_are_any() -> None:
    assert not may_differ(UsedTools(()), CalledTools(()), Token("Hello"))
    assert may_differ(CalledTools(("search",)), Token("Hello"))
    assert may_differ(Token("Hello"), UsedTools(("search",)))
