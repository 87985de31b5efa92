"""Makes the documentation site of these pages, and checks that it needs no network and that every link leads somewhere.

    make docs

It runs in an environment of its own, with zensical, which warns of links between pages that lead nowhere: any warning
ends the build.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
SITE: Final = ROOT / "site"
FROM_THE_ROOT: Final = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
"""Pages whose place in the repository is its root, by their names on the site."""
SHOWN: Final = frozenset({".md", ".png", ".webp", ".svg", ".css", ".js"})
_DIAGRAM = re.compile(r"^```mermaid\nstateDiagram-v2\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
_STEP = re.compile(r"^ *(\S+) --> (\S+)(?:: (.*))?$", re.MULTILINE)
# What a page asks of other machines while it is read, but for the links that a reader follows.
_FETCHED: Final = frozenset({"script", "link", "img", "source", "iframe"})


def page(text: str) -> str:
    """The text of a page for the site, where all pages stand beside each other and diagrams are tables.

    Whoever draws a diagram would fetch the program for it from another machine.
    """
    text = re.sub(r"\]\((?:\.\./|docs/)+([\w.-]+)", lambda found: f"]({FROM_THE_ROOT.get(found[1], found[1])}", text)
    text = re.sub(r"\]\((?:CONTRIBUTING|CHANGELOG)\.md", lambda found: found[0].lower(), text)
    return _DIAGRAM.sub(lambda found: _table(found[1]), text)


def _table(diagram: str) -> str:
    steps = [(_state(start), _state(end), why) for start, end, why in _STEP.findall(diagram)]
    return "\n".join(["| from | to | when |", "|---|---|---|", *(f"| {a} | {b} | {why} |" for a, b, why in steps), ""])


def _state(name: str) -> str:
    return "" if name == "[*]" else f"*{name}*"


def lay_out(folder: Path) -> None:
    """Write what zensical reads into a folder: its configuration, and the pages with their pictures."""
    pages = folder / "pages"
    pages.mkdir()
    shutil.copy(ROOT / "docs" / "zensical.toml", folder)
    named = {path: path.name for path in sorted((ROOT / "docs").iterdir()) if path.suffix in SHOWN}
    named |= {ROOT / name: shown for name, shown in FROM_THE_ROOT.items()}
    for path, name in named.items():
        if path.suffix == ".md":
            (pages / name).write_text(page(path.read_text("utf-8")), encoding="utf-8")
        else:
            shutil.copy(path, pages / name)


class _Read(HTMLParser):
    """Notes what a page leads to, what is fetched for it, and the anchors in it."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif name in {"href", "src", "srcset"} and value:
                self.targets.append(value)
                if tag in _FETCHED:
                    self.fetched.append(value)


def faults(site: Path) -> Iterator[str]:
    """What is wrong with the pages of a site: links that lead nowhere, and what another machine is asked for."""
    pages: dict[Path, _Read] = {}
    for path in sorted(site.rglob("*.html")):
        pages[path] = _Read()
        pages[path].feed(path.read_text("utf-8"))
    for path, read in pages.items():
        for target in read.fetched:
            if re.match(r"(?:https?:)?//", target):
                yield f"{path.name} is not whole without the network: {target}"
        for target in read.targets:
            if path.name != "404.html" and not re.match(r"[a-z]+:|//", target) and not _leads(pages, path, target):
                yield f"{path.name} has a link that leads nowhere: {target}"


def _leads(pages: dict[Path, _Read], start: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    file = (start.parent / name).resolve() if name else start
    return file.exists() and (not anchor or (file in pages and anchor in pages[file].anchors))


def main() -> int:
    """Make the site; the exit status."""
    with tempfile.TemporaryDirectory(prefix="site-") as name:
        folder = Path(name).resolve()
        lay_out(folder)
        command = [sys.executable, "-m", "zensical", "build", "--strict"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - zensical
        if done.returncode:
            sys.stderr.write(re.sub(r"\x1b\[[\d;]*m", "", done.stdout + done.stderr))
            return 1
        found = list(faults(folder / "site"))
        if found:
            sys.stderr.write("\n".join(found) + "\n")
            return 1
        shutil.rmtree(SITE, ignore_errors=True)
        shutil.copytree(folder / "site", SITE)
    sys.stdout.write(f"The site is made: open {SITE.relative_to(Path.cwd())}/index.html\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
