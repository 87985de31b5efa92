"""Reads what people may see of a flow's work: the one list of what is taken from the frames that tell of it.

These frames carry prompts, state, what tools were given and gave, errors of models, and what a model thinks. Taken are:

| frame | what is taken |
|---|---|
| `nextAgentFlow` | the node's label and id, and its status |
| `agentReasoning` | the names of the agents |
| `nextAgent` | the name of the agent |
| `calledTools`, `usedTools`, `tool`, `agent_trace` | the names of the tools |
| `thinking` | whether it is empty, which ends it |

Nothing else of them leaves this module. Labels and names are one line and short; they are hostile text all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from bot.flowise.events import AgentsSpoke, CalledTools, Step, StepState
from bot.flowise.json_text import read_json
from bot.flowise.sources import one_line

_LONGEST_NAME: Final = 80
_LONGEST_KEY: Final = 200
# The longest list of names that is read. Five tools are shown; a list of hundreds is an attack or a fault.
_MOST_NAMES: Final = 100

# What a Tool Agent's "detailed streaming" calls every tool when it starts (measured on Flowise 3.1.4).
_NO_TOOL_NAME = "unknown-tool"

_STATES: Final = {
    "INPROGRESS": StepState.RUNNING,
    "FINISHED": StepState.FINISHED,
    "ERROR": StepState.FAILED,
    "STOPPED": StepState.WAITING,
    "TERMINATED": StepState.STOPPED,
}
# A node's id is its kind and a number. These kinds do nothing that anybody waits for.
_UNTOLD_NODES: Final = frozenset({"startAgentflow", "loopAgentflow", "directReplyAgentflow"})
_UNTOLD_AGENTS: Final = frozenset({"__start__", "__end__"})

_END_OF_THINKING = re.compile(r'\{"event":"thinking","data":(?:""|null)')


def node_step(data: object) -> Step | None:
    """The step of a `nextAgentFlow` frame; None where it tells of none that people would want to see."""
    if not isinstance(data, dict):
        return None
    name, key, state = _name(data.get("nodeLabel")), data.get("nodeId"), data.get("status")
    if not name or not isinstance(state, str) or state not in _STATES:
        return None
    key = key if isinstance(key, str) and 0 < len(key) <= _LONGEST_KEY else name
    return None if key.rpartition("_")[0] in _UNTOLD_NODES else Step(key, name, _STATES[state])


def agents_spoke(data: object) -> AgentsSpoke | None:
    """The agents of an `agentReasoning` frame, which lists each turn so far; None where it names none."""
    if not isinstance(data, list):
        return None
    turns = [_agent(turn.get("agentName")) for turn in data[:_MOST_NAMES] if isinstance(turn, dict)]
    names = tuple(name for name in turns if name)
    return AgentsSpoke(names) if names else None


def agent_running(data: object) -> Step | None:
    """The step of a `nextAgent` frame; None where it names no agent."""
    name = _agent(data)
    return Step(agent_key(name), name, StepState.RUNNING) if name else None


def agent_key(name: str) -> str:
    """The key of the step in which an agent of that name speaks."""
    return f"agent {name}"


def is_end_of_thinking(frame: str) -> bool:
    """Whether a `thinking` frame, of which the beginning is enough, says that the model has done thinking."""
    return _END_OF_THINKING.match(frame) is not None


def tool_names(tools: list[object]) -> tuple[str, ...]:
    """The names in a list of tools, each once. The list may hold null (sequential agents)."""
    return first_names([tool.get("tool") for tool in tools[:_MOST_NAMES] if isinstance(tool, dict)])


def first_names(values: Iterable[object]) -> tuple[str, ...]:
    """Those of the values that are names, each once."""
    return tuple(dict.fromkeys(name for name in map(_name, values) if name))


def traced_tools(trace: Mapping[str, object]) -> CalledTools | None:
    """The tools that run by an `agent_trace` frame; None where it does not tell."""
    match trace:
        case {"step": "tool_end" | "tool_error"}:
            return CalledTools(())
        case {"step": "agent_action", "action": str(nested)}:
            try:
                action = read_json(nested)
            except ValueError:
                return None
            return _running(action.get("tool") if isinstance(action, dict) else None)
        case {"step": "tool_start", "name": name}:
            return _running(name)
    return None


def _running(name: object) -> CalledTools | None:
    names = first_names([name]) if name != _NO_TOOL_NAME else ()
    return CalledTools(names) if names else None


def _agent(value: object) -> str:
    name = _name(value)
    return "" if name in _UNTOLD_AGENTS else name


def _name(value: object) -> str:
    return one_line(value, _LONGEST_NAME) if isinstance(value, str) else ""
