"""Reads the imports from the sources: they go down from package to package, and what is pure stays pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.packages import PACKAGES, PAPERS, ROOT, drawn, package_of

TREES = ("bot", "handlers")

WIRES = frozenset({"aiohttp", "aiohttp_sse_client", "redis", "slack_sdk", "slack_bolt", "socket", "ssl", "subprocess"})
CLOCKS = frozenset({"time", "datetime"})
WAITING = frozenset({"asyncio", "threading", "selectors"})

# Modules by pattern, and the outside modules that must not be imported there. A pattern with "!" takes back what an
# earlier one of its row has named.
BARRED: tuple[tuple[tuple[str, ...], frozenset[str]], ...] = (
    (
        (
            *(
                "bot.errors",
                "bot.records.thread*",
                "bot.ports",
                "bot.settings.settings",
                "bot.reply*",
                "bot.network.proxies",
            ),
            *("bot.pacing*", "!bot.pacing.governor", "bot.mailbox.stages"),
            *("bot.conversation.question", "bot.conversation.chats"),
            *("bot.doctor.findings", "bot.doctor.output", "bot.store.address", "bot.config*", "bot.setup.manifest"),
            *("bot.certify.assumptions", "bot.certify.report"),
        ),
        WIRES | CLOCKS | WAITING,
    ),
    # Slack's and Flowise's modules are pure but for those that speak to a server; a new one is until it is named here.
    (
        (
            *("bot.slack*", "!bot.slack.client", "!bot.slack.exactly_once", "!bot.slack.reading"),
            *("!bot.slack.search", "!bot.slack.wire", "!bot.slack.not_slack", "!bot.slack.names", "!bot.slack.files"),
            *("bot.flowise*", "!bot.flowise.client", "!bot.flowise.asking", "!bot.flowise.api", "!bot.flowise.stream"),
            "!bot.flowise.attachments",
            "!bot.flowise.config_reader",
        ),
        WIRES | CLOCKS | WAITING,
    ),
    # They wait, but on what they were given: clocks and wires are arguments.
    (
        (
            *("bot.conversation*", "bot.delivery", "bot.pacing*", "bot.mailbox*", "bot.workspace*"),
            "bot.background*",
        ),
        WIRES | CLOCKS,
    ),
    # slack_bolt is how a handler hears.
    (("handlers*",), (WIRES | CLOCKS | WAITING) - {"slack_bolt"}),
    (("bot.doctor*", "!bot.doctor.checks"), CLOCKS),
    # Whoever has something to tell tells an observer, and not how it is kept.
    (("bot*", "handlers*", "!bot.metrics*"), frozenset({"prometheus_client"})),
    (("bot*", "handlers*", "!bot.metrics.tracing"), frozenset({"opentelemetry"})),
)


def names(root: Path) -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    files = [path for tree in TREES for path in (root / tree).rglob("*.py")]
    return {".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for path in files}


def imported(path: Path, modules: dict[str, Path]) -> frozenset[str]:
    """What a file imports, wherever in it; a name taken from a package is its module where there is one."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in modules else str(node.module))
    return frozenset(found)


@cache
def imports(root: Path) -> dict[str, frozenset[str]]:
    modules = names(root)
    return {name: imported(path, modules) for name, path in modules.items()}


def among(name: str, patterns: tuple[str, ...]) -> bool:
    inside = False
    for pattern in patterns:
        if fnmatchcase(name, pattern.removeprefix("!")):
            inside = not pattern.startswith("!")
    return inside


def is_ours(name: str) -> bool:
    return name.split(".", 1)[0] in TREES


def trespasses(modules: dict[str, frozenset[str]]) -> Iterator[str]:
    for name, targets in sorted(modules.items()):
        package = package_of(name)
        if package is None:
            yield f"{name} is in no package of tests/packages.py"
            continue
        for target in sorted(filter(is_ours, targets)):
            other = package_of(target)
            if other is not None and other is not package and not {*other.modules} & {*package.imports}:
                yield f"{name} imports {target}"


def barred(modules: dict[str, frozenset[str]]) -> Iterator[str]:
    for name, targets in sorted(modules.items()):
        outside = {target.split(".", 1)[0] for target in targets}
        for patterns, forbidden in BARRED:
            if among(name, patterns):
                yield from (f"{name} imports {target}" for target in sorted(outside & forbidden))


def cycle(graph: dict[str, frozenset[str]]) -> list[str]:
    try:
        TopologicalSorter({name: targets & graph.keys() for name, targets in graph.items()}).prepare()
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


def test_a_package_imports_what_it_may() -> None:
    assert list(trespasses(imports(ROOT))) == []


def test_what_is_pure_does_not_wait_and_reads_no_clock() -> None:
    assert list(barred(imports(ROOT))) == []


def test_no_module_imports_itself_over_others_and_no_package_may() -> None:
    assert cycle(imports(ROOT)) == []
    names_of = {name: package.name for package in PACKAGES for name in package.modules}
    allowed = {package.name: frozenset(names_of[name] for name in package.imports) for package in PACKAGES}
    assert cycle({name: others - {name} for name, others in allowed.items()}) == []


def test_every_rule_is_about_something() -> None:
    modules = imports(ROOT)
    assert {name for package in PACKAGES for name in package.modules} <= modules.keys()
    assert [patterns for patterns, _ in BARRED if not any(among(name, patterns) for name in modules)] == []
    used: dict[str, set[str]] = {}
    for name, targets in modules.items():
        package = package_of(name)
        assert package is not None
        others = {other.name for target in targets if is_ours(target) and (other := package_of(target))}
        used.setdefault(package.name, set()).update(others)
    names_of = {name: package.name for package in PACKAGES for name in package.modules}
    idle = {
        f"{package.name} may import {name}"
        for package in PACKAGES
        for name in package.imports
        if names_of[name] not in used[package.name]
    }
    assert idle == set()


@pytest.mark.parametrize("paper", PAPERS)
def test_the_papers_say_the_same_of_the_packages(paper: str) -> None:
    text = (ROOT / paper).read_text(encoding="utf-8")
    assert "<!-- packages -->" in text
    assert text == drawn(paper, text), "run: python -m tests.packages"


@pytest.fixture
def crooked(tmp_path: Path) -> Path:
    """Three modules that break each kind of rule once."""
    files = {
        "bot/__init__.py": "",
        "bot/reply/__init__.py": "",
        "bot/reply/answer.py": "import asyncio\nfrom bot.store import redis\n",
        "bot/store/__init__.py": "",
        "bot/store/redis.py": "def late() -> None:\n    import bot.reply.answer as answer\n",
        "bot/attic.py": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_the_guard_sees_what_it_is_there_for(crooked: Path) -> None:
    modules = imports(crooked)
    assert list(trespasses(modules)) == [
        "bot.attic is in no package of tests/packages.py",
        "bot.reply.answer imports bot.store.redis",
        "bot.store.redis imports bot.reply.answer",
    ]
    assert list(barred(modules)) == ["bot.reply.answer imports asyncio"]
    assert cycle(modules) == ["bot.reply.answer", "bot.store.redis", "bot.reply.answer"] or cycle(modules) == [
        "bot.store.redis",
        "bot.reply.answer",
        "bot.store.redis",
    ]
