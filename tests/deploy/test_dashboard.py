"""The dashboard in deploy/ is Grafana's own kind of JSON, and asks for nothing that the bot does not tell."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from bot.playground.sandbox import Sandbox
from tests.deploy.queries import looked_at, parts
from tests.metrics.scraping import Scraped, scraped

DASHBOARD: dict[str, Any] = json.loads((Path(__file__).parents[2] / "deploy" / "grafana.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]

# What the bot tells and the dashboard does not show, each with why.
NOT_SHOWN: dict[str, str] = {}

# Shown, and prometheus-client's own.
PROCESS = {"process_resident_memory_bytes", "process_cpu_seconds_total"}


def queries() -> list[str]:
    """Every query, with Grafana's variables filled in as Grafana would."""
    found = [target["expr"] for panel in PANELS for target in panel["targets"]]
    return [query.replace("$__rate_interval", "5m").replace("$instance", ".*") for query in found]


def expressions() -> list[promql.Expr]:
    """Parsed, which checks the types too: a rate of what is no range is refused."""
    return [part for query in queries() for part in parts(promql.parse(query))]


def lost(given: object, kept: object, path: str = "") -> Iterator[str]:
    """What of a JSON value did not survive."""
    match given, kept:
        case dict(), dict():
            for key, value in given.items():
                yield from lost(value, kept[key], f"{path}.{key}") if key in kept else [f"{path}.{key}"]
        case list(), list() if len(given) == len(kept):
            for number, (one, other) in enumerate(zip(given, kept, strict=True)):
                yield from lost(one, other, f"{path}[{number}]")
        case _ if given != kept:
            yield path


def through_grafana(dashboard: dict[str, Any]) -> object:
    """Read into Grafana's schema of a dashboard, its panels and queries, and written again."""
    register_default_plugins()
    return json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))


def test_grafana_s_schema_knows_every_key() -> None:
    assert list(lost(DASHBOARD, through_grafana(DASHBOARD))) == []


def test_a_key_that_the_schema_does_not_know_is_seen() -> None:
    panel = {"type": "timeseries", "titel": "x", "targets": [], "options": {"legend": {"showLegnd": True}}}
    kept = through_grafana({"title": "x", "panels": [panel]})
    assert set(lost({"panels": [panel]}, kept)) == {".panels[0].titel", ".panels[0].options.legend.showLegnd"}


def test_panels_have_ids_of_their_own_and_do_not_cover_each_other() -> None:
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)
    places = [(panel["title"], panel["gridPos"]) for panel in DASHBOARD["panels"]]
    for (one, at), (other, there) in combinations(places, 2):
        apart = (
            at["x"] + at["w"] <= there["x"]
            or there["x"] + there["w"] <= at["x"]
            or at["y"] + at["h"] <= there["y"]
            or there["y"] + there["h"] <= at["y"]
        )
        assert apart, (one, other)
    assert all(at["x"] + at["w"] <= 24 for _, at in places)


def test_every_panel_asks_the_prometheus_that_was_chosen() -> None:
    [datasource, replica] = DASHBOARD["templating"]["list"]
    assert (datasource["name"], datasource["query"]) == ("datasource", "prometheus")
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    places = [replica, *PANELS, *(target for panel in PANELS for target in panel["targets"])]
    assert all(place["datasource"] == chosen for place in places)
    used = set(re.findall(r"\$\{?(\w+)", json.dumps([panel["targets"] for panel in PANELS])))
    assert used == {"datasource", replica["name"], "__rate_interval"}


@pytest.fixture
async def seen(home: Sandbox) -> Scraped:
    """What the real bot tells after one answer."""
    async with home.bot() as bot:
        await home.answered(await home.ask(f"{home.mention} hello"))
        return await scraped(bot)


SELECTORS = [one for one in expressions() if isinstance(one, promql.VectorSelector)]
NAMES = {str(one.name) for one in SELECTORS}


def labels(seen: Scraped) -> dict[str, dict[str, set[str]]]:
    """The labels of every sample and their values, by its name; that of the replica is added by Prometheus."""
    found: dict[str, dict[str, set[str]]] = {}
    for sample in seen.samples:
        told = found.setdefault(sample.name, {"instance": {".*"}})
        for label, value in sample.labels.items():
            told.setdefault(label, set()).add(value)
    return found


def test_every_metric_that_is_asked_for_is_told(seen: Scraped) -> None:
    # Without a /proc nothing is known of the process itself.
    known = {sample.name for sample in seen.samples} | (set() if sys.platform == "linux" else PROCESS)
    assert NAMES - known == set()
    assert {name for name in NAMES if not name.startswith("flowise_slack_")} == PROCESS


def test_every_metric_that_is_told_is_shown(seen: Scraped) -> None:
    ours = {name: family for name, family in seen.families.items() if name.startswith("flowise_slack_")}
    shown = {name for name, family in ours.items() if NAMES & {sample.name for sample in family.samples}}
    assert ours.keys() - shown == NOT_SHOWN.keys()


def test_every_label_that_is_asked_for_is_there(seen: Scraped) -> None:
    told = labels(seen)
    for selector in SELECTORS:
        if selector.name not in PROCESS:
            for matcher in selector.matchers.matchers:
                assert set(matcher.value.split("|")) <= told[str(selector.name)][matcher.name], selector.prettify()
    grouped = [one for one in expressions() if isinstance(one, promql.AggregateExpr) and one.modifier is not None]
    assert grouped
    for group in grouped:
        for selector in looked_at(group):
            assert group.modifier is not None
            assert set(group.modifier.labels) <= told[str(selector.name)].keys(), group.prettify()


def test_what_only_grows_is_asked_for_its_rate_and_nothing_else_is(seen: Scraped) -> None:
    grows = {
        sample.name
        for family in seen.families.values()
        for sample in family.samples
        if family.type in {"counter", "histogram"}
    }
    ranged = {str(one.vector_selector.name) for one in expressions() if isinstance(one, promql.MatrixSelector)}
    assert ranged - {"process_cpu_seconds_total"} == NAMES & grows - {"process_cpu_seconds_total"}
