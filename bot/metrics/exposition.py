"""Collects all metrics of one process and renders them for Prometheus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from prometheus_client import ProcessCollector, generate_latest

from bot.metrics.answers import AnswerMetrics
from bot.metrics.families import Families
from bot.metrics.flowise import FlowiseMetrics
from bot.metrics.process import LoopMetrics, SocketMetrics
from bot.metrics.ratings import RatingMetrics
from bot.metrics.redis import RedisMetrics
from bot.metrics.slack import BudgetMetrics, SlackMetrics
from bot.pacing.governor import Governor


class Metrics:
    """The metrics of one process. No label holds an id or text, so the number of series does not grow with use;
    `by_flow`: those of Flowise have the name of the flow."""

    def __init__(self, *, by_flow: bool = False) -> None:
        self.families = Families()
        self.answers = AnswerMetrics(self.families)
        self.slack = SlackMetrics(self.families)
        self.flowise = FlowiseMetrics(self.families, by_flow=by_flow)
        self.ratings = RatingMetrics(self.families)
        self.redis = RedisMetrics(self.families)
        self.loop = LoopMetrics(self.families)
        self._socket: tuple[SocketMetrics, Callable[[], Awaitable[bool]]] | None = None
        ProcessCollector(registry=self.families.registry)  # memory, CPU, open files, where there is a /proc

    def watch_budgets(self, governors: Callable[[], Iterable[Governor]]) -> None:
        """Export what is left of the write budgets of all workspaces together from now on."""
        self.families.registry.register(BudgetMetrics(governors))

    def watch_socket(self, connected: Callable[[], Awaitable[bool]]) -> Callable[[], None]:
        """Export whether Socket Mode is connected from now on; returns what to call on each new connection."""
        socket = SocketMetrics(self.families)
        self._socket = socket, connected
        return socket.greeted

    async def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        if self._socket is not None:
            socket, connected = self._socket
            socket.connected(connected=await connected())
        return generate_latest(self.families.registry)
