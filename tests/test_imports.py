"""The floors of the house: which module may import which, read from the sources themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HOUSE = ("bot", "handlers")

SLACK_WIRE = ("bot.slack.client", "bot.slack.exactly_once", "bot.slack.reading", "bot.slack.search", "bot.slack.wire")
SLACK_PURE = ("bot.slack.*", *(f"!{module}" for module in SLACK_WIRE))
VALUES = ("bot.errors", "bot.thread", "bot.thread_codec")

# One row a room: its modules, and what of the house they may import. The first row that matches a module is its own;
# a pattern with "!" takes back what an earlier one of its row has allowed. A module without a row is a failure.
FLOORS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("bot", ()),
    ("bot.errors", ()),
    ("bot.thread", ()),
    ("bot.thread_codec", ("bot.errors", "bot.thread")),
    ("bot.supervision", ("bot.errors",)),
    ("bot.ports", ("bot.flowise.events", "bot.slack.calls", "bot.slack.tiers", *VALUES)),
    ("bot.network.proxies", ()),
    ("bot.network*", ("bot.network.*", "bot.errors")),
    ("bot.flowise.client", ("bot.flowise.*", "!bot.conversation.guarded", "bot.network.*", "bot.ports", *VALUES)),
    (
        "bot.flowise.stream",
        ("bot.flowise.*", "!bot.flowise.client", "!bot.conversation.guarded", "bot.network.*", *VALUES),
    ),
    # A Flowise around another one: it fills the hole, and does not know by whom it is filled within.
    ("bot.conversation.guarded", ("bot.flowise.*", "!bot.flowise.client", "bot.ports", *VALUES)),
    ("bot.flowise*", ("bot.flowise.*", "!bot.flowise.client", "!bot.conversation.guarded", *VALUES)),
    *((module, ("bot.slack.*", "bot.network.*", "bot.ports", *VALUES)) for module in SLACK_WIRE),
    ("bot.slack*", (*SLACK_PURE, *VALUES)),
    ("bot.store.address", ()),
    # The shared budget does the arithmetic of the pure one.
    ("bot.store*", ("bot.store.*", "bot.ports", "bot.pacing.budget", "bot.slack.tiers", *VALUES)),
    ("bot.reply*", ("bot.reply.*", "bot.flowise.events", *SLACK_PURE, *VALUES)),
    (
        "bot.delivery",
        ("bot.ports", "bot.reply.contract", "bot.pacing.policy", "bot.flowise.events", "bot.slack.calls", *VALUES),
    ),
    ("bot.pacing.shared_counts", ("bot.ports",)),
    (
        "bot.pacing.governor",
        (
            "bot.delivery",
            "bot.pacing.shared_counts",
            "bot.ports",
            "bot.pacing.budget",
            "bot.pacing.policy",
            "bot.slack.tiers",
            "bot.supervision",
            *VALUES,
        ),
    ),
    ("bot.conversation.runs", ("bot.flowise.events", "bot.ports", *VALUES)),
    ("bot.mailbox.stages", ()),
    ("bot.conversation.admission", ()),
    ("bot.mailbox.lease", ("bot.mailbox.stages", "bot.ports", *VALUES)),
    ("bot.mailbox.renewal", ("bot", "bot.mailbox.lease", "bot.ports", "bot.supervision", *VALUES)),
    (
        "bot.mailbox.mailbox",
        ("bot", "bot.mailbox.lease", "bot.mailbox.renewal", "bot.ports", "bot.supervision", *VALUES),
    ),
    ("bot.conversation.question", ("bot.reply.contract", *VALUES)),
    ("bot.conversation.chats", ("bot.conversation.question", "bot.ports", *VALUES)),
    (
        "bot.conversation.prediction",
        (
            "bot.conversation.chats",
            "bot.mailbox.lease",
            "bot.conversation.runs",
            "bot.conversation.question",
            "bot.ports",
            "bot.reply",
            "bot.reply.contract",
            "bot.reply.journal",
            "bot.flowise.events",
            *VALUES,
        ),
    ),
    (
        "bot.conversation.turn",
        (
            "bot.conversation.admission",
            "bot.conversation.prediction",
            "bot.conversation.chats",
            "bot.mailbox.lease",
            "bot.conversation.runs",
            "bot.conversation.question",
            "bot.ports",
            "bot.reply.contract",
            "bot.slack.wording",
            *VALUES,
        ),
    ),
    (
        "bot.mailbox.leased_answer",
        ("bot.mailbox.lease", "bot.reply.contract", "bot.reply.journal", "bot.slack.calls", *VALUES),
    ),
    ("bot.tasks", ("bot.errors",)),
    (
        "bot.workspace.answering",
        (
            "bot",
            "bot.conversation.turn",
            "bot.conversation.question",
            "bot.mailbox.leased_answer",
            "bot.mailbox.lease",
            "bot.mailbox.mailbox",
            "bot.delivery",
            "bot.pacing.governor",
            "bot.tasks",
            "bot.ports",
            "bot.reply.*",
            *SLACK_PURE,
            *VALUES,
        ),
    ),
    (
        "bot.workspace.apologies",
        (
            "bot.workspace.answering",
            "bot.mailbox.lease",
            "bot.mailbox.mailbox",
            "bot.tasks",
            "bot.ports",
            "bot.reply.contract",
            "bot.reply.messages",
            *SLACK_PURE,
            *VALUES,
        ),
    ),
    (
        "bot.workspace.desk",
        (
            "bot",
            "bot.workspace.answering",
            "bot.workspace.apologies",
            "bot.conversation.turn",
            "bot.mailbox.lease",
            "bot.mailbox.mailbox",
            "bot.pacing.governor",
            "bot.supervision",
            "bot.tasks",
            "bot.ports",
            "bot.reply.contract",
            *SLACK_PURE,
            *VALUES,
        ),
    ),
    # The clients, counted; they do not meet here either.
    ("bot.metrics.slack", ("bot.metrics.families", "bot.pacing.governor", "bot.ports", "bot.slack.*", *VALUES)),
    ("bot.metrics.flowise", ("bot.metrics.families", "bot.flowise.*", "bot.ports", *VALUES)),
    ("bot.metrics*", ("bot", "bot.metrics.*", "bot.pacing.governor", "bot.reply.observed", *VALUES)),
    ("bot.metrics.tracing", ("bot", "bot.network.outgoing", "bot.reply.observed", *VALUES)),
    ("bot.workspace.uninstall", ("bot.slack.token_state", "bot.errors")),
    ("handlers.lifecycle", ("bot.workspace.uninstall",)),
    (
        "handlers*",
        (
            "handlers.*",
            "bot.workspace.apologies",
            "bot.workspace.desk",
            "bot.conversation.question",
            "bot.mailbox.lease",
            "bot.reply.contract",
            *SLACK_PURE,
            *VALUES,
        ),
    ),
    ("bot.settings", ("bot.errors", "bot.network.proxies", "bot.store.address")),
    ("bot.serving.logs", ()),
    (
        "bot.serving.socket_mode",
        ("bot.network.outgoing", "bot.slack.addresses", "bot.slack.wire", "bot.supervision", "bot.errors"),
    ),
    ("bot.serving.signatures", ()),
    ("bot.serving*", ("bot.serving.*", "bot.errors")),
    ("bot.serving.http", ("bot.serving.signatures", "bot.serving.sparse_log")),
    # The local servers judge the bot: they must not share its mistakes.
    ("bot.playground.slack*", ("bot.playground.slack*",)),
    ("bot.playground.flowise*", ("bot.playground.flowise*",)),
    # It looks into the bot's own store: how Redis is reached and how a thread is named there is the bot's to say.
    ("bot.playground.page.redis_keys", ("bot.store.requests", "bot.store.connections", "bot.thread")),
    # The demo around them starts the bot and draws what stands in Slack; it judges nothing by the bot's own rules.
    (
        "bot.playground*",
        ("bot", "bot.playground*", "bot.app", "bot.settings", "bot.store.embedded", *SLACK_PURE, "bot.errors"),
    ),
    *(
        (module, ("bot", "bot.*", "handlers*", "!bot.playground*", "!bot.__main__", *apart))
        for module, apart in (
            ("bot.serving.startup", ("!bot.app", "!bot.serving.bolt", "!bot.workspace.desk")),
            ("bot.serving.bolt", ("!bot.app", "!bot.serving.startup", "!bot.store*")),
            ("bot.app", ()),
        )
    ),
    ("bot.doctor.findings", ()),
    ("bot.doctor.output", ("bot.doctor.findings",)),
    ("bot.doctor.clock", ("bot.doctor.findings",)),
    # It looks at what the bot would use, with the bot's own eyes.
    (
        "bot.doctor*",
        (
            "bot",
            "bot.doctor.*",
            "bot.flowise.*",
            "bot.slack.permissions",
            "bot.slack.wire",
            "bot.store.connections",
            "bot.store.embedded",
            "bot.store.redis",
            "bot.network.*",
            "bot.serving.server",
            "bot.settings",
            "bot.serving.logs",
            "bot.errors",
        ),
    ),
    (
        "bot.__main__",
        (
            "bot.app",
            "bot.network.outgoing",
            "bot.serving.descriptors",
            "bot.settings",
            "bot.serving.logs",
            "bot.errors",
            "bot.playground",
            "bot.playground.terminal_demo",
            "bot.playground.browser_demo",
            "bot.doctor.checks",
        ),
    ),
)

WIRES = frozenset({"aiohttp", "aiohttp_sse_client", "redis", "slack_sdk", "slack_bolt", "socket", "ssl", "subprocess"})
CLOCKS = frozenset({"time", "datetime"})
WAITING = frozenset({"asyncio", "threading", "selectors"})

# Patterns as above, and the outside modules that must not be imported there.
BARRED: tuple[tuple[tuple[str, ...], frozenset[str]], ...] = (
    (
        (
            "bot.errors",
            "bot.thread",
            "bot.thread_codec",
            "bot.ports",
            "bot.pacing.shared_counts",
            "bot.reply*",
            "bot.slack",
            *SLACK_PURE,
        ),
        WIRES | CLOCKS | WAITING,
    ),
    # Among Flowise's modules these three are the wire; a new one is pure until it is named here.
    (
        ("bot.flowise*", "!bot.flowise.client", "!bot.flowise.api", "!bot.flowise.stream", "!bot.conversation.guarded"),
        WIRES | CLOCKS | WAITING,
    ),
    (("bot.network.proxies",), WIRES | CLOCKS | WAITING),
    (("bot.conversation.guarded",), WIRES | CLOCKS),
    # They wait, but on what they were given: clocks and wires are arguments.
    (
        (
            "bot.conversation.turn",
            "bot.conversation.runs",
            "bot.delivery",
            "bot.pacing.governor",
            "bot.mailbox.lease",
            "bot.mailbox.renewal",
            "bot.mailbox.mailbox",
            "bot.mailbox.leased_answer",
        ),
        WIRES | CLOCKS,
    ),
    (
        (
            "bot.conversation.admission",
            "bot.workspace.apologies",
            "bot.workspace.desk",
            "bot.workspace.answering",
            "bot.conversation.prediction",
            "bot.supervision",
            "bot.tasks",
        ),
        WIRES | CLOCKS,
    ),
    (("bot.conversation.question", "bot.conversation.chats"), WIRES | CLOCKS | WAITING),
    (("bot.mailbox.stages",), WIRES | CLOCKS | WAITING),
    # slack_bolt is how a handler hears.
    (("handlers*",), (WIRES | CLOCKS | WAITING) - {"slack_bolt"}),
    (("bot.settings", "bot.doctor.findings", "bot.doctor.output"), WIRES | CLOCKS | WAITING),
    (("bot.doctor*", "!bot.doctor.checks"), CLOCKS),
    (("bot.settings",), WIRES | CLOCKS | WAITING),
    # Whoever has something to tell tells an observer, and not how it is kept.
    (("bot*", "handlers*", "!bot.metrics*"), frozenset({"prometheus_client"})),
    (("bot*", "handlers*", "!bot.metrics.tracing"), frozenset({"opentelemetry"})),
    (("bot.settings", "bot.store.address"), WIRES | CLOCKS | WAITING),
)


def names(root: Path) -> dict[str, Path]:
    """Every module of the house by its dotted name."""
    files = [path for room in HOUSE for path in (root / room).rglob("*.py")]
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


def imports(root: Path) -> dict[str, frozenset[str]]:
    modules = names(root)
    return {name: imported(path, modules) for name, path in modules.items()}


def among(name: str, patterns: tuple[str, ...]) -> bool:
    inside = False
    for pattern in patterns:
        if fnmatchcase(name, pattern.removeprefix("!")):
            inside = not pattern.startswith("!")
    return inside


def of_the_house(name: str) -> bool:
    return name.split(".", 1)[0] in HOUSE


def row_of(name: str) -> tuple[str, tuple[str, ...]] | None:
    return next((row for row in FLOORS if fnmatchcase(name, row[0])), None)


def trespasses(house: dict[str, frozenset[str]]) -> Iterator[str]:
    for name, targets in sorted(house.items()):
        row = row_of(name)
        if row is None:
            yield f"{name} has no row in FLOORS"
            continue
        for target in sorted(filter(of_the_house, targets)):
            if not among(target, row[1]):
                yield f"{name} imports {target}"


def barred(house: dict[str, frozenset[str]]) -> Iterator[str]:
    for name, targets in sorted(house.items()):
        outside = {target.split(".", 1)[0] for target in targets}
        for patterns, forbidden in BARRED:
            if among(name, patterns):
                yield from (f"{name} imports {target}" for target in sorted(outside & forbidden))


def cycle(house: dict[str, frozenset[str]]) -> list[str]:
    try:
        TopologicalSorter({name: targets & house.keys() for name, targets in house.items()}).prepare()
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


def test_imports_go_down() -> None:
    assert list(trespasses(imports(ROOT))) == []


def test_what_is_pure_does_not_wait_and_reads_no_clock() -> None:
    assert list(barred(imports(ROOT))) == []


def test_there_is_no_import_cycle() -> None:
    assert cycle(imports(ROOT)) == []


def test_every_row_is_about_something() -> None:
    house = imports(ROOT)
    assert [pattern for pattern, _ in FLOORS if not any(row_of(name) == (pattern, _) for name in house)] == []
    empty = [patterns for patterns, _ in BARRED if not any(among(name, patterns) for name in house)]
    assert empty == []
    gone = {pattern.strip("!*.") for _, allowed in FLOORS for pattern in allowed} - house.keys()
    assert gone == set()


@pytest.fixture
def crooked(tmp_path: Path) -> Path:
    """A house of three modules that breaks each kind of rule once."""
    files = {
        "bot/__init__.py": "",
        "bot/reply/__init__.py": "",
        "bot/reply/answer.py": "import asyncio\nfrom bot.slack import client\n",
        "bot/slack/__init__.py": "",
        "bot/slack/client.py": "def late() -> None:\n    import bot.reply.answer as answer\n",
        "bot/attic.py": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_the_guard_sees_what_it_is_there_for(crooked: Path) -> None:
    house = imports(crooked)
    assert list(trespasses(house)) == [
        "bot.attic has no row in FLOORS",
        "bot.reply.answer imports bot.slack.client",
        "bot.slack.client imports bot.reply.answer",
    ]
    assert list(barred(house)) == ["bot.reply.answer imports asyncio"]
    assert set(cycle(house)) == {"bot.reply.answer", "bot.slack.client"}
