"""The alerts in deploy/ are rules of Prometheus' shape on metrics that the bot has, and each is explained."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest

from docs import metrics
from docs.metrics import described
from tests.deploy.kustomization import one
from tests.deploy.queries import looked_at, parts

ROOT = Path(__file__).parents[2]
PATH = ROOT / "deploy" / "alerts.yaml"
[GROUP] = one(PATH)["groups"]
RULES: list[dict[str, Any]] = GROUP["rules"]
RUNBOOK = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")

METRICS = {metric.name: metric for metric in described()}
OF_SAMPLE = {sample: metric for metric in METRICS.values() for sample in metric.samples}
# prometheus-client's own, with no labels.
PROCESS = {"process_start_time_seconds"}
# Added by Prometheus, and the bounds of a histogram.
ALWAYS = {"instance", "le"}

each_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))


def test_the_table_of_metrics_is_made_of_the_metrics() -> None:
    text = metrics.PAPER.read_text(encoding="utf-8")
    assert text == metrics.paper(text), "run: python -m docs.metrics"
    assert len(METRICS) > 20
    assert all(f"| `{metric.samples[0]}" in text or f"| `{metric.name}`" in text for metric in METRICS.values())


def test_there_are_rules_under_different_names() -> None:
    assert one(PATH).keys() == {"groups"}
    assert GROUP.keys() == {"name", "rules"}
    assert 8 <= len(RULES) == len({rule["alert"] for rule in RULES})


@each_rule
def test_a_rule_has_the_shape_that_prometheus_takes(rule: dict[str, Any]) -> None:
    assert (
        {"alert", "expr", "labels", "annotations"} <= rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
    )
    assert re.fullmatch(r"[A-Za-z_]\w*", rule["alert"])
    assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert rule["annotations"].keys() == {"summary", "runbook"}


@each_rule
def test_a_rule_asks_for_metrics_and_labels_that_there_are(rule: dict[str, Any]) -> None:
    expression = promql.parse(rule["expr"])
    for selector in looked_at(expression):
        name = str(selector.name)
        matchers = selector.matchers.matchers
        if name in PROCESS:
            assert matchers == []
            continue
        metric = OF_SAMPLE[name]
        for matcher in matchers:
            assert set(matcher.value.split("|")) <= metric.values[matcher.name], matcher.name
    known = ALWAYS.union(*(OF_SAMPLE[str(one.name)].labels for one in looked_at(expression) if one.name in OF_SAMPLE))
    groups = [part for part in parts(expression) if isinstance(part, promql.AggregateExpr) and part.modifier]
    assert all(group.modifier is not None and set(group.modifier.labels) <= known for group in groups)
    # What only grows is asked for its growth, and nothing else is: a counter's value says nothing.
    ranged = {str(part.vector_selector.name) for part in parts(expression) if isinstance(part, promql.MatrixSelector)}
    grown = {name for name in map(str, (one.name for one in looked_at(expression))) if _grows(name)}
    assert ranged == grown


def _grows(name: str) -> bool:
    return name in PROCESS or OF_SAMPLE[name].kind in {"counter", "histogram"}


@each_rule
def test_what_is_told_of_a_rule_are_labels_that_it_keeps(rule: dict[str, Any]) -> None:
    told = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    whole = promql.parse(rule["expr"])
    grouped = [part for part in parts(whole) if isinstance(part, promql.AggregateExpr)]
    kept = set(grouped[0].modifier.labels) if grouped and grouped[0].modifier else set() if grouped else ALWAYS
    assert told <= kept


def test_each_rule_has_its_entry_in_the_runbook_and_no_other_is_there() -> None:
    entries = re.findall(r"^### (\w+)$", RUNBOOK, re.MULTILINE)
    assert entries == [rule["alert"] for rule in RULES]
    for rule in RULES:
        assert rule["annotations"]["runbook"] == f"docs/metrics.md#{rule['alert'].lower()}"
