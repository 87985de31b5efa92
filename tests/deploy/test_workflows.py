"""Checks the workflows, the issue forms and the templates of hosts, none of which can be run here."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot import __version__
from bot.settings.settings import Settings
from tests.test_papers import make_targets

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
FORMS = [path for path in sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")) if path.name != "config.yml"]
COMMIT = "0123456789abcdef0123456789abcdef01234567"

each_workflow = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)


def loaded(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def steps(path: Path) -> Iterator[dict[str, Any]]:
    for job in loaded(path)["jobs"].values():
        yield from job["steps"]


def check(schema: str, *paths: Path) -> int:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *map(str, paths)]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode


@pytest.mark.program
def test_workflows_and_forms_are_what_github_takes(tmp_path: Path) -> None:
    assert check("vendor.github-workflows", *WORKFLOWS) == 0
    assert check("vendor.github-issue-forms", *FORMS) == 0
    spoiled = tmp_path / "spoiled.yml"
    spoiled.write_text(WORKFLOWS[0].read_text().replace("runs-on:", "run-on:"))
    assert check("vendor.github-workflows", spoiled) != 0


@each_workflow
def test_a_workflow_may_do_no_more_than_it_must(path: Path) -> None:
    workflow = loaded(path)
    assert workflow["permissions"] == {"contents": "read"}
    # With it, code of strangers would run with our rights.
    assert "pull_request_target" not in workflow.get("on", workflow.get(True))
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60
    for step in steps(path):
        # What a stranger may name is given by the environment: in a script it would be run.
        assert "${{" not in step.get("run", ""), step["run"]
        if step.get("uses", "").startswith("actions/checkout@") and path.name != "pin.yml":
            assert step["with"]["persist-credentials"] is False


@each_workflow
def test_every_action_has_a_tag_or_a_commit(path: Path) -> None:
    used = [step["uses"] for step in steps(path) if "uses" in step]
    assert used
    tagged = re.compile(r"[\w.-]+/[\w.-]+@(?:v\d+(?:\.\d+){0,2}|release/v\d+|[0-9a-f]{40})")
    assert [each for each in used if not tagged.fullmatch(each)] == []


def test_what_the_workflows_run_is_there() -> None:
    scripts = "\n".join(step.get("run", "") for path in WORKFLOWS for step in steps(path))
    assert set(re.findall(r"\bmake ([a-z-]+)", scripts)) <= make_targets()
    named = set(re.findall(r"(?<![\w/])\.ci/[\w.]+", scripts))
    assert named == {".ci/pin.py", ".ci/release.py", ".ci/run"}
    assert all((ROOT / name).is_file() for name in named)


def test_every_python_that_is_supported_is_tried() -> None:
    jobs = loaded(ROOT / ".github" / "workflows" / "tests.yml")["jobs"]
    matrix = jobs["tests"]["strategy"]["matrix"]
    [whole] = [step["with"]["python-version"] for step in jobs["whole"]["steps"] if "setup-python" in str(step)]
    tried = {*matrix["python"], whole}
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    assert tried == {oldest, "3.12", "3.13", "3.14"}
    assert [each["system"] for each in matrix["include"]] == ["macos-latest"]


PIN: dict[str, Callable[..., str]] = runpy.run_path(str(ROOT / ".ci" / "pin.py"))
RELEASE: dict[str, Any] = runpy.run_path(str(ROOT / ".ci" / "release.py"))


@each_workflow
def test_actions_are_pinned_and_the_tag_stays_beside_them(path: Path) -> None:
    asked: list[tuple[str, str]] = []

    def commit(repository: str, tag: str) -> str:
        asked.append((repository, tag))
        return COMMIT

    once = PIN["pinned_actions"](path.read_text(), commit)
    first, asked = asked, []
    assert PIN["pinned_actions"](once, commit) == once
    assert asked == first  # the tags, not the commits
    assert {step["uses"].rpartition("@")[2] for step in steps_of(once) if "uses" in step} == {COMMIT}


def steps_of(text: str) -> Iterator[dict[str, Any]]:
    for job in YAML(typ="safe").load(text)["jobs"].values():
        yield from job["steps"]


def test_images_are_pinned_but_for_those_that_are_built_there() -> None:
    digest = f"sha256:{COMMIT}{COMMIT[:24]}"
    for name in ("Dockerfile", "compose.yaml"):
        text = (ROOT / "deploy" / name).read_text()
        once = PIN["pinned_images"](text, lambda image: digest)
        assert PIN["pinned_images"](once, lambda image: digest) == once
        assert once.count(digest) == {"Dockerfile": 2, "compose.yaml": 2}[name]
    assert f"FROM python:3.13-slim@{digest} AS build" in PIN["pinned_images"](
        (ROOT / "deploy" / "Dockerfile").read_text(), lambda image: digest
    )


CHANGELOG = """\
# Changelog

## [Unreleased]

- later

## [0.2.0] - 2026-12-02

### Added

- two

## [0.1.0]

- one
"""


def test_the_notes_are_those_of_the_version() -> None:
    assert RELEASE["notes"](CHANGELOG, "0.2.0") == "### Added\n\n- two\n"
    assert RELEASE["notes"](CHANGELOG, "0.1.0") == "- one\n"
    for version in ("0.3.0", "0.2"):
        with pytest.raises(RELEASE["NotReady"], match="nothing on"):
            RELEASE["notes"](CHANGELOG, version)


def test_a_tag_must_be_that_of_the_version_everywhere() -> None:
    for tag in ("0.1.0", "v1", "v0.1.0rc1"):
        with pytest.raises(RELEASE["NotReady"], match="no tag"):
            RELEASE["check"](tag)
    with pytest.raises(RELEASE["NotReady"]) as told:
        RELEASE["check"]("v99.0.0")
    places = ("pyproject.toml", "bot/__init__.py", "deploy/helm/flowise-slack/Chart.yaml", "deploy/kubernetes/base")
    assert all(f"{place} has {__version__}" in str(told.value) for place in places)


KNOWN = {name.upper() for name in Settings.model_fields}


def test_render_gets_settings_and_a_store_that_forgets_nothing() -> None:
    bot, store = loaded(ROOT / "deploy" / "render.yaml")["services"]
    given = {each["key"]: each for each in bot["envVars"]}
    assert given.keys() <= KNOWN
    secrets = {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "FLOWISE_API_KEY"}
    assert all(given[name]["sync"] is False for name in secrets)
    assert given["REDIS_URL"]["fromService"]["name"] == store["name"]
    assert store["maxmemoryPolicy"] == "noeviction"
    assert store["ipAllowList"] == []
    assert (ROOT / bot["dockerfilePath"]).is_file()
    assert bot["maxShutdownDelaySeconds"] >= Settings.model_fields["bot_stop_grace"].default + 10


def test_railway_builds_the_image_and_gives_it_time_to_stop() -> None:
    railway = json.loads((ROOT / "deploy" / "railway.json").read_text())
    assert (ROOT / railway["build"]["dockerfilePath"]).is_file()
    assert railway["deploy"]["healthcheckPath"] == "/healthz"
    assert railway["deploy"]["drainingSeconds"] >= Settings.model_fields["bot_stop_grace"].default + 10
