"""Says what each package does and which others it may import: the one place where that is written.

The tables of CONTRIBUTING.md and docs/design.md are made from it: `python -m tests.packages` writes them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parent.parent
PAPERS: Final = {"CONTRIBUTING.md": "table", "docs/design.md": "overview"}
_MARKED = re.compile(r"(<!-- packages -->\n).*?(<!-- /packages -->)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Package:
    """A package, or modules at the top of `bot` that go together. `imports` names the packages it may import."""

    modules: tuple[str, ...]
    does: str
    imports: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.modules[0]


VALUES: Final = ("bot.errors", "bot.records")
PACKAGES: Final = (
    Package(("bot.errors",), "what can go wrong, by whose fault"),
    Package(("bot.background",), "keeps work going in the background, and looks after it", ("bot.errors",)),
    Package(("bot.records",), "what everything is keyed by, and how it is stored", ("bot.errors",)),
    Package(("bot.network",), "opens HTTP sessions through the proxies that are set", ("bot.errors",)),
    Package(("bot.slack.text",), "turns Markdown into what Slack shows; pure"),
    Package(
        ("bot.slack",), "speaks to Slack's Web API; its payloads and limits", ("bot.network", "bot.slack.text", *VALUES)
    ),
    Package(("bot.flowise",), "speaks to Flowise: predictions, streams, stored answers", ("bot.network", *VALUES)),
    Package(
        ("bot.ports",),
        "the interfaces to Flowise, Slack and the store",
        ("bot.flowise", "bot.slack", "bot.records"),
    ),
    Package(
        ("bot.pacing",),
        "decides who may write to Slack next",
        ("bot.background", "bot.ports", "bot.slack", "bot.errors"),
    ),
    Package(
        ("bot.reply",),
        "decides what a person sees next, and when; pure",
        ("bot.flowise", "bot.pacing", "bot.slack", "bot.slack.text", *VALUES),
    ),
    Package(
        ("bot.delivery",),
        "the delivery loop: events in, Slack calls out, one timer",
        ("bot.flowise", "bot.pacing", "bot.ports", "bot.reply", "bot.slack"),
    ),
    Package(("bot.store",), "keeps everything in Redis", ("bot.pacing", "bot.ports", "bot.slack", *VALUES)),
    Package(
        ("bot.config",),
        "reads the configuration file, and routes questions to flows",
        ("bot.flowise", "bot.slack", "bot.errors"),
    ),
    Package(
        ("bot.settings",),
        "reads the settings",
        ("bot.config", "bot.flowise", "bot.network", "bot.slack", "bot.slack.text", "bot.store", "bot.errors"),
    ),
    Package(
        ("bot.mailbox",),
        "holds each question from its event to its last word, over crashes",
        ("bot.background", "bot.ports", "bot.reply", "bot.slack", *VALUES),
    ),
    Package(
        ("bot.conversation",),
        "leads one question through its turn, its chat and its prediction",
        ("bot.background", "bot.config", "bot.flowise", "bot.mailbox", "bot.ports", "bot.reply", "bot.slack", *VALUES),
    ),
    Package(
        ("bot.metrics",),
        "counts and traces",
        ("bot", "bot.flowise", "bot.network", "bot.pacing", "bot.reply", "bot.slack", *VALUES),
    ),
    Package(
        ("bot.workspace",),
        "one team's installation: its client, pacing, mailbox, answers and sentences",
        (
            *("bot.background", "bot.config"),
            *("bot.conversation", "bot.delivery", "bot.mailbox", "bot.pacing", "bot.ports", "bot.reply"),
            *("bot.slack", "bot.slack.text", *VALUES),
        ),
    ),
    Package(
        ("handlers",),
        "one Slack surface each: parse, store, hand over",
        (
            *("bot.config", "bot.conversation", "bot.mailbox", "bot.reply", "bot.slack", "bot.slack.text"),
            *("bot.workspace", *VALUES),
        ),
    ),
    Package(
        ("bot.serving",),
        "lets Slack and operators in: Bolt, Socket Mode, HTTP, signatures, health, the start, the log",
        (
            *("bot.config", "bot.conversation", "bot.flowise", "bot.metrics", "bot.network", "bot.reply"),
            *("bot.settings", "bot.slack", "bot.slack.text", "bot.store"),
            "bot.background",
            *("bot.workspace", "handlers", "bot.errors"),
        ),
    ),
    Package(
        ("bot.app",),
        "builds the bot: the only place where everything meets",
        (
            *("bot", "bot.conversation", "bot.flowise", "bot.metrics", "bot.mailbox", "bot.reply"),
            *("bot.serving", "bot.settings", "bot.slack", "bot.store"),
            *("bot.workspace", "handlers"),
            "bot.background",
            "bot.errors",
        ),
    ),
    Package(
        ("bot.doctor",),
        "looks at the settings and all they point to",
        (
            *(
                "bot",
                "bot.config",
                "bot.flowise",
                "bot.network",
                "bot.serving",
                "bot.settings",
                "bot.slack",
                "bot.store",
            ),
            "bot.errors",
        ),
    ),
    Package(
        ("bot.certify",),
        "checks on a real workspace what is assumed of Slack",
        (
            *("bot", "bot.background", "bot.network", "bot.pacing", "bot.ports", "bot.reply", "bot.serving"),
            *("bot.settings", "bot.slack", "bot.slack.text", "bot.store", *VALUES),
        ),
    ),
    Package(
        ("bot.setup",),
        "chooses a flow, makes the Slack app and writes .env, question by question",
        (
            *("bot", "bot.doctor", "bot.flowise", "bot.network", "bot.serving", "bot.settings", "bot.slack"),
            "bot.errors",
        ),
    ),
    # The local servers judge the bot, so they share no code with it.
    Package(("bot.playground.slack",), "a local Slack"),
    Package(("bot.playground.flowise",), "a local Flowise"),
    Package(("bot.playground.tap",), "a proxy before any Flowise: records, makes faults", ("bot.playground.flowise",)),
    Package(
        ("bot.playground.page",),
        "the page in the browser",
        ("bot.playground.slack", "bot.playground.tap", "bot.store", *VALUES),
    ),
    Package(
        ("bot.playground",),
        "the demo, and the sandbox that tests live in",
        (
            *("bot", "bot.app", "bot.mailbox", "bot.playground.flowise", "bot.playground.page", "bot.playground.slack"),
            *(
                "bot.playground.tap",
                "bot.settings",
                "bot.slack.text",
                "bot.store",
                "bot.workspace",
                "bot.errors",
            ),
        ),
    ),
    Package(
        ("bot.__main__",),
        "the command line",
        (
            "bot.app",
            "bot.certify",
            "bot.config",
            "bot.doctor",
            "bot.network",
            "bot.playground",
            "bot.serving",
            "bot.settings",
            "bot.setup",
            "bot.errors",
        ),
    ),
    Package(("bot",), "the version"),
)


def package_of(module: str) -> Package | None:
    """The package that a module belongs to: the one with the longest name that it begins with."""
    found = [
        (len(name), package)
        for package in PACKAGES
        for name in package.modules
        if module == name or (module.startswith(f"{name}.") and name != "bot")
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _path(name: str) -> str:
    path = ROOT / name.replace(".", "/")
    return f"{name.replace('.', '/')}/" if path.is_dir() and name != "bot" else f"{name.replace('.', '/')}.py"


def table() -> str:
    """The packages as a table in Markdown, the lowest first."""
    rows = ["| package | what it does | may import |", "|---|---|---|"]
    for package in PACKAGES:
        if package.name == "bot":
            continue
        names = ", ".join(f"`{_path(name)}`" for name in package.modules)
        allowed = ", ".join(f"`{name.removeprefix('bot.')}`" for name in package.imports if name != "bot") or "nothing"
        rows.append(f"| {names} | {package.does} | {allowed} |")
    return "\n".join(rows)


def overview() -> str:
    """The packages as a list, the highest first, each with what it does."""
    lines = ["```"]
    for package in reversed(PACKAGES):
        if package.name != "bot":
            names = " ".join(_path(name) for name in package.modules)
            lines.append(f"{names:<52}{package.does}" if len(names) < 52 else f"{names}\n{'':<52}{package.does}")
    return "\n".join([*lines, "```"])


def drawn(paper: str, text: str) -> str:
    """The text of a paper with its table as it follows from `PACKAGES`."""
    made = table() if PAPERS[paper] == "table" else overview()
    return _MARKED.sub(lambda found: f"{found[1]}\n{made}\n\n{found[2]}", text)


if __name__ == "__main__":
    for paper in PAPERS:
        file = ROOT / paper
        file.write_text(drawn(paper, file.read_text(encoding="utf-8")), encoding="utf-8")
