"""Checks that a tag is that of the version everywhere, and takes its notes out of CHANGELOG.md."""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


class NotReady(Exception):
    """The version cannot be released; the text says why."""


def version_of(tag: str) -> str:
    """The version that a tag names. Raises NotReady: none."""
    if not re.fullmatch(r"v\d+\.\d+\.\d+", tag):
        raise NotReady(f"{tag} is no tag of a version, such as v0.1.0")
    return tag[1:]


def notes(changelog: str, version: str) -> str:
    """What CHANGELOG.md says of a version, without its heading. Raises NotReady: nothing."""
    found = re.search(
        rf"^## \[?{re.escape(version)}(?![\d.])[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    if found is None or not found[1].strip():
        raise NotReady(f"CHANGELOG.md has nothing on {version}")
    return found[1].strip() + "\n"


def check(tag: str) -> None:
    """Check that the project, its chart, its kustomization and its changelog are of the version. Raises NotReady."""
    version = version_of(tag)
    found = {
        "pyproject.toml": tomllib.loads(read("pyproject.toml"))["project"]["version"],
        "bot/__init__.py": first(r'__version__ = "(.+)"', "bot/__init__.py"),
        "deploy/helm/flowise-slack/Chart.yaml": first(r"^version: (.+)$", "deploy/helm/flowise-slack/Chart.yaml"),
        "deploy/kubernetes/base": first(r"newTag: (.+)$", "deploy/kubernetes/base/kustomization.yaml"),
    }
    if others := [f"{place} has {other}" for place, other in found.items() if other != version]:
        raise NotReady(f"{tag} is tagged, but {', '.join(others)}")
    notes(read("CHANGELOG.md"), version)


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def first(pattern: str, name: str) -> str:
    found = re.search(pattern, read(name), re.MULTILINE)
    return found[1] if found else "none"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("check", "notes"))
    parser.add_argument("tag")
    chosen = parser.parse_args()
    try:
        check(chosen.tag)
        if chosen.what == "notes":
            print(notes(read("CHANGELOG.md"), version_of(chosen.tag)), end="")
    except NotReady as reason:
        print(f"release: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
