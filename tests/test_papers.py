"""Checks that the documents tell the truth: what they link to, name, promise and quote is there."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bot import __version__

ROOT = Path(__file__).parent.parent
PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PICTURES = sorted((ROOT / "docs").glob("*.svg"))
PHOTOS = sorted((ROOT / "docs").glob("*.png"))
LOCKS = sorted(ROOT.glob("requirements*.lock"))

by_name = pytest.mark.parametrize("paper", PAPERS, ids=lambda path: str(path.relative_to(ROOT)))

# A path: folders and a name, or a name with one of our endings. Those that begin with a slash are addresses.
_PATH = re.compile(r"(?:[\w.-]+/)+[\w.-]*|[\w.-]*\w\.(?:py|md|json|yaml|toml|lock|svg|example)")


def blocks_of_code(text: str) -> list[str]:
    fenced = re.findall(r"^```[^\n]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [*fenced, *re.findall(r"(?<=\n\n)(?: {4}[^\n]*\n)+", text)]


def spans_of_code(text: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", text)


def targets(text: str) -> list[str]:
    """What a paper links to and which pictures it shows, without addresses on the web."""
    found = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"\b(?:src|srcset|href)=\"([^\"]+)\"", text)
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> set[str]:
    """The anchors of a paper's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def files() -> Iterator[Path]:
    """Every file that is or could be committed, but for what git ignores; in an unpacked archive, every file."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        found = (path for path in ROOT.rglob("*") if not path.is_relative_to(ROOT / ".venv"))
        yield from (path for path in found if path.is_file() and "__pycache__" not in path.parts)
        return
    command = [git, "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file():
            yield path


def text_of(path: Path) -> str:
    """A file's text; empty for files that are no text."""
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8", "replace")


def test_there_are_the_papers_and_the_pictures() -> None:
    assert {path.name for path in PAPERS} >= {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "design.md"}
    names = ["lag-dark.svg", "lag-light.svg"]
    assert [path.name for path in PICTURES] == names
    scenes, schemes = ("decision", "form", "home", "inspector", "playground", "steps"), ("dark", "light")
    assert [path.name for path in PHOTOS] == [f"{scene}-{scheme}.png" for scene in scenes for scheme in schemes]
    assert len(LOCKS) == 7


@by_name
def test_links_lead_somewhere(paper: Path) -> None:
    for target in targets(paper.read_text()):
        name, _, anchor = target.partition("#")
        file = paper.parent / name if name else paper
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text()), target


@by_name
def test_every_path_that_is_named_exists(paper: Path) -> None:
    named = {span for span in spans_of_code(paper.read_text()) if _PATH.fullmatch(span)}
    assert [span for span in sorted(named) if not (ROOT / span).exists()] == []


def test_paths_are_told_from_other_words() -> None:
    paths = ["bot/app.py", "README.md", "tests/", ".env.example", ".ci/run", "deploy/slack-manifest.http.json"]
    others = ["/slack/events", "make demo", "redis://", ".data", "chat.update", "wake_at", "xoxb-…", "1.2"]
    assert [span for span in paths + others if _PATH.fullmatch(span)] == paths


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))


def test_every_command_of_make_that_is_named_exists() -> None:
    named: set[str] = set()
    for paper in PAPERS:
        text = paper.read_text()
        for code in spans_of_code(text) + blocks_of_code(text):
            named |= set(re.findall(r"\bmake ([a-z-]+)", code))
    named |= set(re.findall(r"^make ([a-z-]+)", (ROOT / ".ci" / "run").read_text(), flags=re.MULTILINE))
    assert {"demo", "test", "run", "check"} <= named
    assert named - make_targets() == set()


def test_the_readme_begins_with_the_two_commands() -> None:
    [first, *_] = blocks_of_code((ROOT / "README.md").read_text())
    assert first.split() == ["make", "demo", "make", "test"]


def test_the_readme_is_read_in_two_minutes_and_says_first_where_it_was_not_run() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 120
    beginning, *_ = re.split(r"^## ", text, flags=re.MULTILINE)
    assert "never run on the real Slack" in beginning


def test_every_module_that_is_run_exists() -> None:
    named: set[str] = set()
    for paper in PAPERS:
        named |= set(re.findall(r"\bpython -m ([a-z_.]+)", paper.read_text()))
    assert named >= {"benchmarks.one_answer", "benchmarks.simulation", "benchmarks.side_by_side"}
    for name in named:
        path = ROOT.joinpath(*name.split("."))
        assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), name


def test_the_figures_of_the_readme_are_those_of_the_measurement() -> None:
    measured = re.findall(r"^## Measured\n(.*?)^## ", (ROOT / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    figures = re.findall(r"\d[\d,.]*\d|\d", measured[0])
    known = set(re.findall(r"\d[\d,.]*\d|\d", (ROOT / "docs" / "performance.md").read_text()))
    assert len(figures) > 5
    assert [figure for figure in figures if figure not in known] == []


_DEPLOYMENT = "deploy/kubernetes/base/deployment.yaml"
_IDLE = r"idle memory: RSS +(\d+) MB"
_LONGEST_ANSWER = r"memory for an answer of 200,000 characters +(\d+) kB"
_DOCUMENTED = r"documented +3 +{} +[\d.]+ +\d+ +\d+ +([\d.]+)"


@pytest.mark.parametrize(
    ("paper", "quoted", "measured", "unit", "digits"),
    [
        ("README.md", r"Idle, it takes (\d+) MB", _IDLE, 1, 0),
        ("README.md", r"each answer under way takes (\d+) kB", r"for each, half-way through +(\d+) kB", 1, 0),
        ("README.md", r"one of 200,000 characters (\d+) kB", _LONGEST_ANSWER, 1, 0),
        ("README.md", r"ready ([\d.]+) s after its start", r"start to ready +([\d.]+) s", 1, 2),
        ("docs/operating.md", r"A replica needs (\d+) MB", _IDLE, 1, 0),
        ("docs/operating.md", r"at most (\d+) MB for each answer", _LONGEST_ANSWER, 1_000, 0),
        ("docs/operating.md", r"room for about (\d+) answers", r"One core has room for about (\d+) answers", 1, 0),
        ("docs/operating.md", r"10 answers at once show a word after ([\d.]+) s", _DOCUMENTED.format(10), 1, 1),
        ("docs/operating.md", r"in the mean, 40 after ([\d.]+) s", _DOCUMENTED.format(40), 1, 1),
        ("docs/design.md", r"retried for some (\d+) s", r"retried for some (\d+) s", 1, 0),
        (_DEPLOYMENT, r"(\d+) MB idle", _IDLE, 1, 0),
        (_DEPLOYMENT, r"longest answers \(([\d.]+) MB each\)", _LONGEST_ANSWER, 1_000, 1),
        (_DEPLOYMENT, r"/healthz took ([\d.]+) s at most", r"longest +(\d+) ms", 1_000, 2),
        (_DEPLOYMENT, r"up to (\d+) ms of CPU", r"answers 100`.*?CPU for 1,000 tokens +(\d+) ms", 1, -1),
    ],
)
def test_a_figure_that_is_quoted_is_the_measured_one(
    paper: str, quoted: str, measured: str, unit: int, digits: int
) -> None:
    """`measured` is found in docs/performance.md first; divided by `unit` and rounded to `digits`, it is quoted."""
    value = figure("docs/performance.md", measured) / unit
    assert figure(paper, quoted) == pytest.approx(round(value, digits))


def figure(paper: str, pattern: str) -> float:
    """The number that a pattern finds in a text, whose lines and comments count as one line."""
    found = re.search(pattern, re.sub(r"\s*\n\s*(?:# )?", " ", (ROOT / paper).read_text()))
    assert found is not None, f"{paper} no longer says {pattern!r}"
    return float(found[1])


def test_the_memory_of_many_long_answers_is_that_of_one_times_their_number() -> None:
    most = figure(_DEPLOYMENT, r"about (\d+) MB with 300 of the longest")
    idle, longest = figure("docs/performance.md", _IDLE), figure("docs/performance.md", _LONGEST_ANSWER) / 1_000
    assert most == pytest.approx(idle + 300 * longest, abs=10)
    assert most < figure(_DEPLOYMENT, r"limits: memory: (\d+)Mi")


def test_the_changelog_knows_the_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__
    assert __version__ in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("photo", PHOTOS, ids=lambda path: path.name)
def test_a_picture_of_the_page_is_light_and_twice_as_sharp(photo: Path) -> None:
    content = photo.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(content) < 250_000
    name = photo.name.replace("-dark", "-light")
    shown = re.findall(rf'(?:docs/)?{name}" width="(\d+)"', "".join(paper.read_text("utf-8") for paper in PAPERS))
    assert shown
    assert int.from_bytes(content[16:20], "big") >= 2 * max(map(int, shown))


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.name)
def test_a_picture_is_a_picture_and_nothing_else(picture: Path) -> None:
    root = ElementTree.fromstring(picture.read_text())  # noqa: S314 - our own file
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    elements = {element.tag.rpartition("}")[2] for element in root.iter()}
    drawn = {"svg", "title", "desc", "style", "g", "rect", "line", "polyline", "circle", "text", "tspan"}
    assert elements <= drawn
    assert "url(" not in picture.read_text()


def test_light_and_dark_differ_in_colours_alone() -> None:
    pair = [picture.read_text() for picture in PICTURES]
    assert len(set(pair)) == 2
    assert len({re.sub(r"#[0-9a-f]{6}", "", picture) for picture in pair}) == 1


# In pieces, so that this file does not hold what it looks for. What stands before a path is looked at last: not at each
# character.
FOREIGN = {
    "a package registry": "|".join(["pypi" + r"\.org", "python" + "hosted", "npm" + r"js\.(?:org|com)"]),
    "a path of somebody's machine": "|".join(
        rf"/{top}/(?<![\w.~}}]/{top}/)\w" for top in ("wo" + "rk", "ho" + "me", "Us" + "ers")
    ),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_no_file_holds_what_belongs_to_one_machine(what: str) -> None:
    pattern = re.compile(FOREIGN[what])
    assert [str(path.relative_to(ROOT)) for path in files() if pattern.search(text_of(path))] == []


def test_what_is_foreign_is_recognised() -> None:
    registry, machine = (re.compile(pattern) for pattern in FOREIGN.values())
    assert registry.search("--index-url https://" + "pypi" + ".org/x")
    assert machine.search("see /" + "home/ada/notes")
    assert not machine.search("https://host.example/home" + "/ada, or ~/home" + "/x")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_holds_versions_and_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    assert "--hash=sha256:" in text
    assert "://" not in text


_FOREIGN_FOLDERS = {"vendor", "vendored", "third_party", "third-party", "node_modules", "bower_components", "licenses"}
_FOREIGN_NAME = re.compile(
    r"[.-]min\.|\.(?:whl|egg|jar|tgz|woff2?|ttf|otf|eot)\Z|\A(?:licen[cs]es|notice|copying)\b", re.IGNORECASE
)
# Somebody's claim to a file, and the comment that tools which make one file of many leave in it.
_BANNER = re.compile(
    r"copyright\s*(?:\(c\)|©|[12]\d{3})(?!\s*\d{4} The Flowise for Slack maintainers)"
    r"|@licen[cs]e\b|\bspdx-license|licen[cs]ed\s+under\s+the|/\*!",
    re.IGNORECASE,
)
_LONGEST_LINE = 1_000
"""Characters. What people write is shorter, what is minified is longer."""


def foreign(name: str, text: str) -> str:
    """Why a file is not ours by the look of it, or nothing."""
    *folders, last = Path(name).parts
    if within := _FOREIGN_FOLDERS.intersection(folder.lower() for folder in folders):
        return f"it is in {min(within)}"
    if _FOREIGN_NAME.search(last):
        return "its name"
    if found := _BANNER.search(text):
        return f"it says {found[0]}"
    if last.endswith((".js", ".mjs", ".css")) and any(len(line) > _LONGEST_LINE for line in text.splitlines()):
        return "it is minified"
    return ""


def test_every_file_is_our_own() -> None:
    """What others made comes from a registry, in a version that a lock names and an audit sees."""
    found = {str(path.relative_to(ROOT)): foreign(str(path.relative_to(ROOT)), text_of(path)) for path in files()}
    assert {name: why for name, why in found.items() if why} == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bot/page/vendor/parser.js", ""),
        ("node_modules/x/index.js", ""),
        ("bot/page/parser.min.js", ""),
        ("bot/page/icons-min.css", ""),
        ("bot/page/inter.woff2", ""),
        ("bot/page/LICENSES.txt", ""),
        ("bot/page/parser.mjs", "/" + "*! parser 1.0 *" + "/"),
        ("bot/parser.py", "# Copy" + "right (c) 2014 Somebody Else"),
        ("bot/parser.py", "# Copy" + "right 2014-2020 Somebody Else"),
        ("bot/parser.py", "# SPDX-" + "License-Identifier: MIT"),
        ("bot/parser.js", "// Licensed " + "under the Apache License"),
        ("bot/page/parser.js", "a" * 2_000),
    ],
)
def test_a_file_of_others_is_told_by_its_look(name: str, text: str) -> None:
    assert foreign(name, text)


def test_our_own_licence_is_none_of_others() -> None:
    assert foreign("LICENSE", (ROOT / "LICENSE").read_text()) == ""
