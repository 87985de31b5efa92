"""Checks the Helm chart by what it renders, which is kept beside its values; Helm itself is not needed."""

from __future__ import annotations

import copy
import json
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # it tells no types

from bot import __version__
from bot.background.tasks import LAST_WORDS
from bot.serving.server import LAST_RESPONSES
from bot.settings.settings import Settings, checked
from tests.deploy.kustomization import Built, Manifest, build, documents, identity, one, plain, pod
from tests.deploy.test_kubernetes import KUBERNETES, SECRETS, complaints

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy" / "helm" / "flowise-slack"
CASES = ROOT / "tests" / "deploy" / "chart"
NAMES = ("http", "own-network", "socket")
RELEASE = "answers"

each_case = pytest.mark.parametrize("case", NAMES)


def rendered(case: str) -> Built:
    return {identity(each): each for each in map(plain, documents(CASES / f"{case}.rendered.yaml"))}


def values(case: str) -> Manifest:
    return one(CASES / f"{case}.values.yaml")


def test_every_case_was_rendered_from_the_chart_as_it_is() -> None:
    digest: Callable[[Path], str] = runpy.run_path(str(ROOT / ".ci" / "chart.py"))["digest"]
    assert sorted(path.name.split(".")[0] for path in CASES.glob("*.values.yaml")) == list(NAMES)
    for case in NAMES:
        first, _, _ = (CASES / f"{case}.rendered.yaml").read_text().partition("\n")
        assert first.endswith(digest(CASES / f"{case}.values.yaml")), f"{case}: run make chart"


@pytest.mark.slow
@each_case
def test_what_is_rendered_is_what_kubernetes_takes(case: str) -> None:
    assert complaints(CASES / f"{case}.rendered.yaml") == ""


def test_the_chart_is_of_the_bot_s_version() -> None:
    chart = one(CHART / "Chart.yaml")
    assert chart["version"] == chart["appVersion"] == __version__


def as_in_kustomize(spec: Manifest) -> Any:
    """A pod as the kustomization has it: with its names, image and labels, and without what only the chart has."""
    text = json.dumps(spec).replace('"answers"', '"flowise-slack"').replace("from-a-vault", "flowise-slack")
    text = text.replace('"app.kubernetes.io/name": "flowise-slack", "app.kubernetes.io/instance": "flowise-slack"', "@")
    changed = json.loads(text.replace("@", '"app.kubernetes.io/name": "flowise-slack"'))
    [container] = changed["containers"]
    container["image"], container["env"] = "", sorted(container["env"], key=lambda each: str(each["name"]))
    container["ports"] = [port for port in container["ports"] if port["name"] != "metrics"]
    for key in ("imagePullPolicy",):
        container.pop(key, None)
    for key in ("imagePullSecrets", "terminationGracePeriodSeconds"):
        changed.pop(key, None)
    return changed


@pytest.mark.parametrize(("case", "overlay"), [("socket", "base"), ("http", "http")])
def test_its_pods_are_those_of_the_kustomization(case: str, overlay: str) -> None:
    theirs = build(KUBERNETES / overlay)
    assert as_in_kustomize(pod_of(rendered(case))) == as_in_kustomize(pod(theirs))


def pod_of(built: Built) -> Manifest:
    spec: Manifest = built["Deployment", RELEASE]["spec"]["template"]["spec"]
    return spec


@each_case
def test_everything_is_about_the_same_pods(case: str) -> None:
    built = rendered(case)
    labels = built["Deployment", RELEASE]["spec"]["template"]["metadata"]["labels"]
    assert built["Service", RELEASE]["spec"]["selector"] == labels
    assert built["PodDisruptionBudget", RELEASE]["spec"]["selector"]["matchLabels"] == labels
    assert built["NetworkPolicy", RELEASE]["spec"]["podSelector"]["matchLabels"] == labels
    for spread in pod_of(built)["topologySpreadConstraints"]:
        assert spread["labelSelector"]["matchLabels"] == labels
    ports = {port["name"]: port["containerPort"] for port in pod_of(built)["containers"][0]["ports"]}
    assert {port["targetPort"] for port in built["Service", RELEASE]["spec"]["ports"]} == set(ports)
    assert ports["http"] == Settings.model_fields["port"].default


@each_case
def test_its_settings_and_secrets_make_a_bot(case: str) -> None:
    built = rendered(case)
    data, [container] = built["ConfigMap", RELEASE]["data"], pod_of(built)["containers"]
    secrets = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in container["env"]}
    assert secrets.keys() - {*values(case).get("secretKeys", [])} < SECRETS
    assert all(reference["key"] == name for name, reference in secrets.items())
    required = {name: f"{name}-1" for name, reference in secrets.items() if "optional" not in reference}
    fitting = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "REDIS_URL": "rediss://:p@redis.example"}
    settings = checked(data | required | {name: value for name, value in fitting.items() if name in required})
    by_http = values(case).get("transport") == "http"
    assert (settings.slack_app_token is None) == by_http
    assert settings.metrics_port == (9090 if by_http else None)
    waits = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    given = pod_of(built)["terminationGracePeriodSeconds"]
    assert given - waits - settings.bot_stop_grace - LAST_WORDS - LAST_RESPONSES >= 1


OWN_LABELS = [{"app": "valkey"}, {"app": "flowise"}]


def test_what_was_asked_for_is_there() -> None:
    http, own = rendered("http"), rendered("own-network")
    assert http["ConfigMap", RELEASE]["data"]["BOT_FILE_LIMIT"] == "20000000"  # not 2e+07
    assert http["Ingress", RELEASE]["spec"]["rules"][0]["host"] == "bot.example.com"
    assert ("Ingress", RELEASE) not in own
    rules = own["NetworkPolicy", RELEASE]["spec"]["egress"]
    assert plain(values("own-network")["networkPolicy"]["moreEgress"][0]) in rules
    pods = [peer["podSelector"]["matchLabels"] for rule in rules for peer in rule["to"] if "podSelector" in peer]
    # Labels of one's own are not added to the usual ones, which would match nothing.
    assert [each for each in pods if "app" in each or "app.kubernetes.io/name" in each] == OWN_LABELS
    assert {port["port"] for rule in rules for port in rule["ports"]} == {53, 443, 6380, 8080}
    assert pod_of(own)["nodeSelector"] == {"kubernetes.io/arch": "arm64"}
    config = own["ConfigMap", f"{RELEASE}-config"]["data"]["bot.toml"]
    assert config == values("own-network")["config"]
    [container] = pod_of(own)["containers"]
    [mount] = [each for each in container["volumeMounts"] if each["name"] == "config"]
    assert own["ConfigMap", RELEASE]["data"]["BOT_CONFIG"] == f"{mount['mountPath']}/bot.toml"
    # A changed setting restarts the replicas: they have another checksum.
    sums = [each["Deployment", RELEASE]["spec"]["template"]["metadata"]["annotations"] for each in (http, own)]
    assert sums[0]["checksum/settings"] != sums[1]["checksum/settings"]


def schema() -> Draft7Validator:
    loaded = json.loads((CHART / "values.schema.json").read_text())
    Draft7Validator.check_schema(loaded)
    return Draft7Validator(loaded)


def over(defaults: Any, given: Any) -> Any:
    """Values over the chart's own, as Helm lays them: objects by key, all else is replaced."""
    if not isinstance(defaults, dict) or not isinstance(given, dict):
        return given
    return defaults | {key: over(defaults.get(key), value) for key, value in given.items()}


@each_case
def test_the_schema_takes_the_values(case: str) -> None:
    assert list(schema().iter_errors(over(one(CHART / "values.yaml"), values(case)))) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"image": {"repository": ""}}, "repository"),
        ({"settings": {"FLOWISE_CHATFLOW_ID": ""}}, "FLOWISE_CHATFLOW_ID"),
        ({"settings": {"SLACK_BOT_TOKEN": "xoxb-1"}}, "settings"),
        ({"settings": {"FLOWISE_CHATFLOWID": "x"}}, "settings"),
        ({"replicas": 10}, "replicas"),
        ({"transport": "http"}, "host"),
        ({"transport": "http", "ingress": {"host": "b.example"}, "metricsPort": 3000}, "metricsPort"),
        ({"replicaCount": 3}, "replicaCount"),
    ],
)
def test_the_schema_refuses_what_cannot_work(changes: Manifest, named: str) -> None:
    given = over(over(copy.deepcopy(one(CHART / "values.yaml")), values("socket")), changes)
    [fault] = schema().iter_errors(given)
    assert named in f"{list(fault.absolute_path)} {fault.message}"


def test_the_schema_knows_every_setting_that_is_no_secret() -> None:
    properties = json.loads((CHART / "values.schema.json").read_text())["properties"]["settings"]["properties"]
    own = {"HOST", "PORT", "METRICS_PORT", "BOT_STOP_GRACE", "REDIS_REQUIRED", "DATA_DIR", "BOT_CONFIG"}
    assert set(properties) == {name.upper() for name in Settings.model_fields} - SECRETS - own


def test_every_value_is_used() -> None:
    templates = "".join(path.read_text() for path in (CHART / "templates").iterdir())
    for name, default in one(CHART / "values.yaml").items():
        for inner in default if isinstance(default, dict) and name in {"image", "ingress"} else [""]:
            path = ".".join(filter(None, (".Values", name, inner)))
            assert re.search(rf"{re.escape(path)}\b", templates), path
