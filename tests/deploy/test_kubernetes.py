"""Checks the Kubernetes manifests, put together as kustomize does it; nothing is applied anywhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from kubernetes_validate import validate_file  # type: ignore[import-untyped]  # it tells no types
from ruamel.yaml import YAML

from bot import __version__
from bot.background.tasks import LAST_WORDS
from bot.serving.http import Health, web_app
from bot.serving.server import LAST_RESPONSES
from bot.serving.signatures import RequestGuard
from bot.settings.settings import Settings
from tests.deploy.kustomization import (
    Built,
    Manifest,
    build,
    containers,
    documents,
    env_file,
    files_of,
    identity,
    one,
    plain,
    pod,
    real,
)

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = ("base", "http")
COMPONENT = KUBERNETES / "components" / "pod-monitor"
EXAMPLE = KUBERNETES / "examples" / "private"
# The oldest for which the manifests are written (preStop's sleep), and the newest that is known here.
VERSIONS = ("1.30", "1.37")

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


def bot(overlay: str) -> Manifest:
    [container] = containers(build(KUBERNETES / overlay))
    return container


@pytest.mark.program
@pytest.mark.skipif(not real(), reason="neither kustomize nor kubectl is installed")
@pytest.mark.parametrize("overlay", [*OVERLAYS, "examples/private"])
def test_kustomize_builds_what_is_checked_here(overlay: str) -> None:
    folder = KUBERNETES / overlay
    done = subprocess.run([*real(), str(folder)], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    theirs = {identity(document): document for document in map(plain, documents(done.stdout))}
    assert theirs == {name: plain(manifest) for name, manifest in build(folder).items()}


@pytest.mark.program
@pytest.mark.skipif(not real(), reason="neither kustomize nor kubectl is installed")
def test_the_example_of_values_of_one_s_own_can_be_built(tmp_path: Path) -> None:
    paper = (ROOT / "docs" / "operating.md").read_text()
    [example] = re.findall(r"^```yaml\n(.*?)^```", paper, flags=re.MULTILINE | re.DOTALL)
    shutil.copytree(ROOT / "deploy", tmp_path / "flowise-slack" / "deploy")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "kustomization.yaml").write_text(example)
    done = subprocess.run([*real(), str(tmp_path / "mine")], capture_output=True, text=True, check=True, timeout=60)
    built = {identity(document): document for document in map(plain, documents(done.stdout))}
    assert {manifest["metadata"]["namespace"] for manifest in built.values()} == {"flowise-slack"}
    assert built["Deployment", "flowise-slack"]["spec"]["replicas"] == 3
    [container] = containers(built)
    assert container["image"] == f"registry.example/flowise-slack:{__version__}"
    values = built["ConfigMap", "flowise-slack"]["data"]
    assert values.keys() <= SETTINGS.keys()
    assert (values["SLACK_DELIVERY"], values["LOG_FORMAT"]) == ("auto", "json")


def complaints(path: Path) -> str:
    """What `kubernetes-validate` says of a file: this is its command line's own function, spared a program's start."""
    with redirect_stdout(StringIO()) as said:
        for version in VERSIONS:
            validate_file(str(path), version, strict=True, quiet=True, no_warn=False)
    return said.getvalue()


@pytest.mark.slow
@each_overlay
def test_the_manifests_are_what_kubernetes_takes(overlay: str, tmp_path: Path) -> None:
    built = build(KUBERNETES / overlay)
    yaml, path = YAML(typ="safe"), tmp_path / "built.yaml"
    yaml.dump_all(list(built.values()), path)
    assert complaints(path) == ""
    built["Deployment", "flowise-slack"]["spec"]["replica"] = 2
    built["Ingress", "none"] = {"apiVersion": "extensions/v1beta1", "kind": "Ingress", "metadata": {"name": "old"}}
    yaml.dump_all(list(built.values()), path)
    assert len(complaints(path).splitlines()) == 2 * len(VERSIONS)


def test_there_is_what_each_way_needs() -> None:
    kinds = {overlay: sorted(kind for kind, _ in build(KUBERNETES / overlay)) for overlay in OVERLAYS}
    socket_mode = ["ConfigMap", "Deployment", "NetworkPolicy", "PodDisruptionBudget", "Service"]
    assert kinds == {"base": socket_mode, "http": sorted([*socket_mode, "Ingress", "NetworkPolicy"])}


def test_every_file_belongs_to_a_kustomization_but_for_the_example_of_a_secret() -> None:
    used = set.union(*map(files_of, (*(KUBERNETES / overlay for overlay in OVERLAYS), COMPONENT, EXAMPLE)))
    there = {path for path in KUBERNETES.rglob("*") if path.is_file() and path.name != "secret.yaml"}
    assert there - used == {KUBERNETES / "base" / "secret.example.yaml"}


SETTINGS = {name.upper(): field for name, field in Settings.model_fields.items()}
# REDIS_URL is read as text, and holds a password.
SECRETS = {name for name, field in SETTINGS.items() if "SecretStr" in str(field.annotation)} | {"REDIS_URL"}


@each_overlay
def test_settings_come_from_the_config_map_and_secrets_from_the_secret(overlay: str) -> None:
    container = bot(overlay)
    assert container["envFrom"] == [{"configMapRef": {"name": "flowise-slack"}}]
    plain_ones = build(KUBERNETES / overlay)["ConfigMap", "flowise-slack"]["data"]
    assert plain_ones.keys() <= SETTINGS.keys() - SECRETS
    for variable in container["env"]:
        assert variable["name"] in SECRETS
        reference = variable["valueFrom"]["secretKeyRef"]
        assert (reference["name"], reference["key"]) == ("flowise-slack", variable["name"])
    missing = {
        variable["name"] for variable in container["env"] if "optional" not in variable["valueFrom"]["secretKeyRef"]
    }
    transport = {"base": "SLACK_APP_TOKEN", "http": "SLACK_SIGNING_SECRET"}[overlay]
    assert missing == {"SLACK_BOT_TOKEN", "REDIS_URL", transport}
    other = {"base": "SLACK_SIGNING_SECRET", "http": "SLACK_APP_TOKEN"}[overlay]
    assert {variable["name"] for variable in container["env"]} == SECRETS - {other}


def test_with_its_blanks_filled_in_the_settings_are_accepted() -> None:
    filled = env_file(KUBERNETES / "base" / "settings.env") | {
        "FLOWISE_CHATFLOW_ID": "abc",
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_APP_TOKEN": "xapp-1",
        "REDIS_URL": "rediss://:pass@redis.example:6380/0",
    }
    settings = Settings.model_validate({name.lower(): value for name, value in filled.items()})
    assert settings.log_format == "json"


def test_the_example_of_a_secret_names_every_one_and_holds_none() -> None:
    example = one(KUBERNETES / "base" / "secret.example.yaml")
    assert identity(example) == ("Secret", "flowise-slack")
    assert example["stringData"] == dict.fromkeys(SECRETS, "")


def paths_of(application: web.Application) -> set[str]:
    return {resource.canonical for resource in application.router.resources()}


async def _nothing_missing() -> tuple[str, ...]:
    return ()


@each_overlay
def test_probes_ask_for_what_the_bot_answers(overlay: str) -> None:
    container, by_http = bot(overlay), overlay == "http"
    door = RequestGuard("secret") if by_http else None
    application = web_app(lambda: None, Health(_nothing_missing, lambda: False, lambda: 0, {}), door=door)
    asked = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")}
    # A restart cures nothing outside the process: /healthz asks nobody.
    assert {name: probe["path"] for name, probe in asked.items()} == {
        "startup": "/healthz",
        "readiness": "/readyz",
        "liveness": "/healthz",
    }
    assert {probe["path"] for probe in asked.values()} <= paths_of(application)
    assert {probe["port"] for probe in asked.values()} == {"http"}
    metrics_port = int(build(KUBERNETES / overlay)["ConfigMap", "flowise-slack"]["data"]["METRICS_PORT"])
    assert container["ports"] == [
        {"name": "http", "containerPort": Settings.model_fields["port"].default},
        {"name": "metrics", "containerPort": metrics_port},
    ]
    if by_http:
        [rule] = build(KUBERNETES / overlay)["Ingress", "flowise-slack"]["spec"]["rules"]
        [path] = rule["http"]["paths"]
        assert (path["path"], path["pathType"]) == ("/slack/events", "Exact")
        assert path["path"] in paths_of(application)


@each_overlay
def test_a_stop_fits_into_the_time_that_kubernetes_gives(overlay: str) -> None:
    built = build(KUBERNETES / overlay)
    waits = bot(overlay).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    assert (waits > 0) == (overlay == "http")
    grace = float(built["ConfigMap", "flowise-slack"]["data"]["BOT_STOP_GRACE"])
    assert grace == Settings.model_fields["bot_stop_grace"].default
    # What is left is for closing connections, which took 0.1 s.
    assert pod(built)["terminationGracePeriodSeconds"] - waits - grace - LAST_WORDS - LAST_RESPONSES >= 1


def selectors(built: Built) -> Iterator[dict[str, str]]:
    for (kind, _), manifest in built.items():
        spec = manifest.get("spec", {})
        if kind == "Service":
            yield spec["selector"]
        elif kind in {"Deployment", "PodDisruptionBudget"}:
            yield spec["selector"]["matchLabels"]
        elif kind == "NetworkPolicy":
            yield spec["podSelector"]["matchLabels"]
    for spread in pod(built)["topologySpreadConstraints"]:
        yield spread["labelSelector"]["matchLabels"]


@each_overlay
def test_everything_is_about_the_same_pods(overlay: str) -> None:
    built = build(KUBERNETES / overlay)
    labels = built["Deployment", "flowise-slack"]["spec"]["template"]["metadata"]["labels"]
    found = list(selectors(built))
    assert len(found) == {"base": 6, "http": 7}[overlay]
    assert all(selector == labels for selector in found)
    ports = {port["name"] for port in built["Service", "flowise-slack"]["spec"]["ports"]}
    assert {port["targetPort"] for port in built["Service", "flowise-slack"]["spec"]["ports"]} == {
        port["name"] for port in bot(overlay)["ports"]
    }
    if overlay == "http":
        backend = built["Ingress", "flowise-slack"]["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
        assert backend["name"] == "flowise-slack"
        assert backend["port"]["name"] in ports


def test_replicas_go_one_by_one_and_never_all() -> None:
    built = build(KUBERNETES / "base")
    deployment = built["Deployment", "flowise-slack"]["spec"]
    rolling = deployment["strategy"]["rollingUpdate"]
    assert rolling["maxUnavailable"] == 0
    assert deployment["replicas"] >= 2
    assert built["PodDisruptionBudget", "flowise-slack"]["spec"]["maxUnavailable"] < deployment["replicas"]
    # Slack docs, Using Socket Mode: ten connections an app.
    assert deployment["replicas"] + rolling["maxSurge"] <= 10


@each_overlay
def test_the_process_may_do_nothing_but_its_work(overlay: str) -> None:
    spec, container = pod(build(KUBERNETES / overlay)), bot(overlay)
    image_user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "deploy" / "Dockerfile").read_text(), flags=re.MULTILINE)
    assert image_user is not None
    assert spec["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": int(image_user[1]),
        "runAsGroup": int(image_user[2]),
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert {tuple(volume) for volume in spec["volumes"]} == {("name", "emptyDir")}
    assert container["image"] == f"flowise-slack:{__version__}"


def bytes_of(quantity: str) -> int:
    return int(quantity.removesuffix("Mi")) * 2**20


def test_the_memory_is_what_was_measured() -> None:
    measured = (ROOT / "docs" / "performance.md").read_text()
    idle = re.search(r"^ +idle memory: RSS +(\d+) MB", measured, flags=re.MULTILINE)
    long = re.search(r"^ +memory for an answer of 200,000 characters +(\d+) kB", measured, flags=re.MULTILINE)
    at_once = re.search(r"^ +answers at once +(\d+)", measured, flags=re.MULTILINE)
    assert idle
    assert long
    assert at_once
    resources = bot("base")["resources"]
    assert bytes_of(resources["requests"]["memory"]) > int(idle[1]) * 1_000_000
    assert bytes_of(resources["limits"]["memory"]) > int(idle[1]) * 1_000_000 + int(at_once[1]) * int(long[1]) * 1_000
    assert "cpu" not in resources["limits"]


def reachable(policy: Manifest, direction: str) -> set[tuple[str, int | str]]:
    """Whom a network policy lets talk: the words that name them, and the port."""
    side = {"ingress": "from", "egress": "to"}[direction]
    return {
        (json.dumps(peer.get("podSelector") or peer.get("ipBlock") or peer.get("namespaceSelector")), port["port"])
        for rule in policy["spec"][direction]
        for peer in rule[side]
        for port in rule["ports"]
    }


def namespace(name: str) -> str:
    return json.dumps({"matchLabels": {"kubernetes.io/metadata.name": name}})


def test_who_may_talk_to_the_bot() -> None:
    socket_mode, http = build(KUBERNETES / "base"), build(KUBERNETES / "http")
    policies = [manifest for (kind, _), manifest in http.items() if kind == "NetworkPolicy"]
    [first] = [manifest for (kind, _), manifest in socket_mode.items() if kind == "NetworkPolicy"]
    assert first["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert reachable(first, "ingress") == {(namespace("monitoring"), "metrics")}
    assert set.union(*(reachable(policy, "ingress") for policy in policies)) == {
        (namespace("monitoring"), "metrics"),
        (namespace("ingress"), "http"),
    }


def test_whom_the_bot_may_talk_to() -> None:
    built = build(KUBERNETES / "base")
    policy = built["NetworkPolicy", "flowise-slack"]
    flowise = urlsplit(built["ConfigMap", "flowise-slack"]["data"]["FLOWISE_URL"]).port
    assert {port for _, port in reachable(policy, "egress")} == {53, 443, 6379, flowise}
    [outside] = [rule for rule in policy["spec"]["egress"] if rule["ports"] == [{"port": 443}]]
    blocks = {peer["ipBlock"]["cidr"]: peer["ipBlock"]["except"] for peer in outside["to"]}
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(blocks["0.0.0.0/0"])
    assert "fc00::/7" in blocks["::/0"]


def test_prometheus_operator_scrapes_the_port_of_the_metrics() -> None:
    monitor = one(COMPONENT / "pod-monitor.yaml")
    assert identity(monitor) == ("PodMonitor", "flowise-slack")
    built = build(KUBERNETES / "http")
    labels = built["Deployment", "flowise-slack"]["spec"]["template"]["metadata"]["labels"]
    # The fields of the operator's API (monitoring.coreos.com/v1); what is not told is its default: /metrics, by http.
    assert monitor["spec"] == {
        "selector": {"matchLabels": labels},
        "podMetricsEndpoints": [{"port": bot("http")["ports"][1]["name"]}],
    }


def test_the_example_of_private_addresses(tmp_path: Path) -> None:
    built = build(EXAMPLE)
    kinds = sorted(kind for kind, _ in build(KUBERNETES / "base"))
    assert sorted(kind for kind, _ in built) == sorted([*kinds, "ExternalSecret", "NetworkPolicy", "PodMonitor"])
    assert {manifest["metadata"]["namespace"] for manifest in built.values()} == {"flowise-slack"}
    values = built["ConfigMap", "flowise-slack"]["data"]
    assert values.keys() <= SETTINGS.keys()
    assert values["LOG_FORMAT"] == "json"
    policy = built["NetworkPolicy", "flowise-slack-private"]
    labels = built["Deployment", "flowise-slack"]["spec"]["template"]["metadata"]["labels"]
    assert policy["spec"]["podSelector"]["matchLabels"] == labels
    assert urlsplit(values["FLOWISE_URL"]).scheme == "https"
    assert {port for _, port in reachable(policy, "egress")} == {443, 6380}
    path = tmp_path / "policy.yaml"
    YAML(typ="safe").dump(policy, path)
    assert complaints(path) == ""


def test_the_example_of_external_secrets_makes_the_secret_that_is_read() -> None:
    spec = one(EXAMPLE / "external-secret.yaml")["spec"]
    assert spec["target"]["name"] == "flowise-slack"
    keys = {entry["secretKey"] for entry in spec["data"]}
    needed = {variable["name"] for variable in bot("base")["env"]}
    optional = {
        variable["name"] for variable in bot("base")["env"] if "optional" in variable["valueFrom"]["secretKeyRef"]
    }
    assert needed - optional <= keys <= needed
