"""Checks what `make audit` says and how it ends: a look-up that was not made is never reported as a clean one."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest

pytestmark = pytest.mark.program

ROOT = Path(__file__).parents[2]

# As pip-audit 2.10.1 prints them with --format=json.
FINE = {"name": "redis", "version": "8.1.0", "vulns": []}
VULNERABLE = {
    "name": "aiohttp",
    "version": "3.14.5",
    "vulns": [{"id": "PYSEC-2099-1", "fix_versions": ["99.0"], "aliases": ["CVE-2099-1"]}],
}
UNKNOWN = {"name": "yarl", "skip_reason": "Dependency not found and could not be audited: yarl (1.25.1)"}


def audited(folder: Path, printed: str, *, status: int = 0, error: str = "") -> tuple[int, str]:
    """The end of an audit whose pip-audit prints that: its status and its last line."""
    program = folder / "pip-audit"
    says = f"import sys; print({printed!r}); sys.stderr.write({error!r}); sys.exit({status})"
    program.write_text(f"#!{sys.executable}\n{says}\n")
    program.chmod(0o755)
    command = [sys.executable, str(ROOT / ".ci" / "audit.py"), "--program", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr == ""
    return done.returncode, done.stdout.splitlines()[-1]


def report(*packages: object) -> str:
    return json.dumps({"dependencies": packages, "fixes": []})


def test_no_package_is_looked_up_in_two_versions_at_once() -> None:
    together = runpy.run_path(str(ROOT / ".ci" / "audit.py"))["environments"]()
    assert sorted(chain.from_iterable(together)) == sorted(lock.name for lock in ROOT.glob("requirements*.lock"))
    for locks in together:
        lines = [line for lock in locks for line in (ROOT / lock).read_text().splitlines()]
        everywhere = {line.split()[0] for line in lines if "==" in line and ";" not in line}
        assert len(everywhere) == len({pin.partition("==")[0] for pin in everywhere})


def test_all_were_looked_up_and_nothing_is_known(tmp_path: Path) -> None:
    assert audited(tmp_path, report(FINE, FINE)) == (0, "audit: run for 1 packages; known vulnerabilities: 0.")


def test_something_is_known(tmp_path: Path) -> None:
    status, line = audited(tmp_path, report(FINE, VULNERABLE), status=1)
    assert (status, line) == (1, "audit: run for 2 packages; known vulnerabilities: 1.")
    assert audited(tmp_path, report(VULNERABLE, UNKNOWN), status=1)[0] == 1


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        # pip-audit ends with 0 in the first three.
        (report(UNKNOWN), "not run: the service for vulnerabilities knows none of the 1 packages."),
        (report(), "not run: the service for vulnerabilities knows none of the 0 packages."),
        (report(FINE, UNKNOWN), "not run for 1 of 2 packages, of which the service knows nothing: yarl"),
        ("", "not run: the service for vulnerabilities cannot be reached (no route to host)"),
    ],
)
def test_not_run_is_told_and_is_no_success(tmp_path: Path, printed: str, reason: str) -> None:
    assert audited(tmp_path, printed, error="Traceback\nno route to host\n") == (3, f"audit: {reason}")
