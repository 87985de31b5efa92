"""Looks the pinned packages up among the known vulnerabilities with pip-audit, and says whether that was done at all.

Exit status: 0, nothing is known against any of them; 1, something is; 3, not run, or not for all of them. pip-audit
itself calls it a success when the service answers for none of the packages.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FOUND, NOT_RUN = 1, 3
# It asks for some ninety packages one by one, and gives up a silent service after 15 s itself.
_SECONDS = 300.0
_NAMED = 5


class NotRun(Exception):
    """Nothing was looked up; the text says why."""


def installed() -> Path:
    """pip-audit in an environment of its own, made where it is not there yet."""
    done = subprocess.run(
        ["make", "--silent", ".venv-audit/installed"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotRun(f"pip-audit could not be installed ({last_line(done.stderr)})")
    return ROOT / ".venv-audit" / "bin" / "pip-audit"


def environments() -> list[list[str]]:
    """The locks by the environments they are installed in. pip-audit takes no package in two versions at once."""
    ours = ["requirements.lock", "requirements-embedded.lock", "requirements-dev.lock"]
    others = sorted(lock.name for lock in ROOT.glob("requirements*.lock") if lock.name not in ours)
    return [ours, *([lock] for lock in others)]


def looked_up(program: Path, further: list[str]) -> list[dict[str, Any]]:
    """What pip-audit says of each package that is pinned for this platform."""
    return [package for locks in environments() for package in _looked_up(program, locks, further)]


def _looked_up(program: Path, names: list[str], further: list[str]) -> list[dict[str, Any]]:
    locks = [word for name in names for word in ("--requirement", name)]
    fixed = ["--require-hashes", "--disable-pip", "--format=json", "--desc=off", "--progress-spinner=off"]
    try:
        done = subprocess.run(
            [program, *fixed, *locks, *further], cwd=ROOT, capture_output=True, text=True, check=False, timeout=_SECONDS
        )
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        raise NotRun(f"the service for vulnerabilities did not answer within {_SECONDS:g} s") from None
    except (ValueError, KeyError, TypeError):
        raise NotRun(f"the service for vulnerabilities cannot be reached ({last_line(done.stderr)})") from None
    return packages


def last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:200] if lines else "it says nothing"


def told(packages: list[dict[str, Any]]) -> int:
    """Print what was found; the exit status."""
    skipped = sorted({package["name"] for package in packages if "skip_reason" in package})
    known = {
        (package["name"], package["version"], fault["id"], ", ".join(fault["fix_versions"]) or "none yet")
        for package in packages
        for fault in package.get("vulns", [])
    }
    total = len({package["name"] for package in packages})
    for name, version, fault, fixes in sorted(known):
        print(f"audit: {name} {version}: {fault}, fixed in: {fixes}")
    if not skipped and total:
        print(f"audit: run for {total} packages; known vulnerabilities: {len(known)}.")
    elif len(skipped) < total:
        names = ", ".join(skipped[:_NAMED]) + (", …" if len(skipped) > _NAMED else "")
        print(f"audit: not run for {len(skipped)} of {total} packages, of which the service knows nothing: {names}")
    else:
        print(f"audit: not run: the service for vulnerabilities knows none of the {total} packages.")
    if known:
        return FOUND
    return NOT_RUN if skipped or not total else 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description="What is known against the pinned packages. pip-audit's own options may follow."
    )
    parser.add_argument("--program", type=Path, help="the pip-audit to use, instead of one in .venv-audit")
    chosen, further = parser.parse_known_args()
    try:
        return told(looked_up(chosen.program or installed(), further))
    except NotRun as reason:
        print(f"audit: not run: {reason}")
        return NOT_RUN


if __name__ == "__main__":
    sys.exit(main())
