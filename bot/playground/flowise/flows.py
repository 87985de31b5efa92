"""Lists the flows of the local Flowise by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from bot.playground.flowise import agentflow_steps, agentflows, approvals, chatflows, made_files
from bot.playground.flowise.files import EVERYTHING, Takes
from bot.playground.flowise.files import NOTHING as NO_FILES
from bot.playground.flowise.offered import NOTHING, configuration
from bot.playground.flowise.plans import Json, Plan, PredictionRequest

_NAMESPACE = UUID("0b8f7a0e-2f1d-4f0a-9c3e-6f5b9d1c2a44")


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow of the local server. `limit` is (requests, seconds) of the flow's own rate limit.

    `exact` flows answer every request as it was recorded, whatever key it has. `takes` says which files it takes,
    `config` is what anybody may read of it.
    """

    name: str
    plan: Callable[[PredictionRequest], Plan]
    streamable: bool = True
    limit: tuple[int, int] | None = None
    exact: bool = False
    takes: Takes = EVERYTHING
    config: Json = field(default_factory=lambda: NOTHING)

    @property
    def id(self) -> str:
        return flow_id(self.name)


def flow_id(name: str) -> str:
    """The id of the flow of that name: the same at every start, so that a demo's settings stay good."""
    return str(uuid5(_NAMESPACE, name))


STAND_IN = "rag"

FLOWS: tuple[Flow, ...] = (
    Flow(STAND_IN, chatflows.rag),
    Flow("cites", chatflows.cites),
    Flow("plain", chatflows.plain),
    Flow("told", chatflows.told),
    Flow("blind", chatflows.plain, takes=NO_FILES),
    Flow("store", chatflows.rag, takes=Takes(images=(), hears=False, documents=(), stored=(".txt", ".md", ".pdf"))),
    Flow("long", chatflows.long),
    Flow("tools", chatflows.tools),
    Flow("agentflow", agentflows.agent),
    Flow("reasoning", agentflows.reasons),
    Flow(
        "suggests",
        agentflows.suggests,
        config=configuration(starters=agentflows.STARTERS, feedback=True, follow_ups=True),
    ),
    Flow("steps", agentflow_steps.steps),
    Flow("order", agentflows.order, config=configuration(start=agentflows.ORDER_FORM)),
    Flow("webhook", agentflows.webhook, config=configuration(start={"startInputType": "webhookTrigger"})),
    Flow("human", approvals.human),
    Flow("two_approvals", approvals.twice),
    Flow("tool_approval", approvals.tool),
    Flow("draws", made_files.draws),
    Flow("runs_code", made_files.runs_code),
    Flow("json", chatflows.rag, streamable=False),
    Flow("parser", chatflows.parsed, streamable=False),
    Flow("json_fails", chatflows.fails, streamable=False),
    Flow("empty", chatflows.empty),
    Flow("fails", chatflows.fails),
    Flow("fails_midway", chatflows.fails_midway),
    Flow("breaks", chatflows.breaks),
    Flow("stalls", chatflows.stalls),
    Flow("limited", chatflows.plain, limit=(2, 10)),
)
