"""Writes the table of metrics.md from the metrics themselves.

Run it after a change in `bot/metrics/`: python -m docs.metrics
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.metrics.exposition import Metrics
from bot.metrics.families import NAMESPACE
from docs.generated import between

PAPER = Path(__file__).parent / "metrics.md"

# What Prometheus appends to a metric's name, by its type.
_ENDS = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}


@dataclass(frozen=True, slots=True)
class Described:
    """A metric. `values` are those of its labels that are known before anything was counted."""

    name: str
    kind: str
    labels: tuple[str, ...]
    help: str
    values: dict[str, frozenset[str]]

    @property
    def samples(self) -> tuple[str, ...]:
        """Its names in queries."""
        return tuple(f"{self.name}{end}" for end in _ENDS.get(self.kind, ("",)))


async def _connected() -> bool:
    return True


def described() -> Iterator[Described]:
    """All of the bot's own metrics, by name."""
    metrics = Metrics(by_flow=True)
    metrics.flowise.of("support")
    metrics.watch_socket(_connected)
    metrics.watch_budgets(lambda: ())
    noted = metrics.families.labels
    found = {family.name: family for family in metrics.families.registry.collect()}
    for name in sorted(name for name in found if name.startswith(f"{NAMESPACE}_")):
        family = found[name]
        used = {label: None for sample in family.samples for label in sample.labels if label != "le"}
        labels = noted.get(name, tuple(used))
        values = {
            label: frozenset(sample.labels[label] for sample in family.samples if label in sample.labels)
            for label in labels
        }
        yield Described(name, family.type, labels, family.documentation, values)


def table() -> str:
    """The metrics as a table."""
    rows = ["| name | type | labels | what it tells |", "|---|---|---|---|"]
    for metric in described():
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        name = metric.samples[0] if metric.kind == "counter" else metric.name
        rows.append(f"| `{name}` | {metric.kind} | {labels} | {metric.help} |")
    return "\n".join(rows)


def paper(text: str) -> str:
    """The text of metrics.md with its table as it follows from the code."""
    return between(text, "metrics", table())


if __name__ == "__main__":
    PAPER.write_text(paper(PAPER.read_text(encoding="utf-8")), encoding="utf-8")
