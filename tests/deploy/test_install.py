"""Installs locks through the Makefile, from an index in a folder that holds newer releases than the pinned ones."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
INSTALLERS = ["pip", *(["uv"] if shutil.which("uv") else [])]
# An address at which nobody listens: port 9 is "discard".
NOWHERE = "http://127.0.0.1:9/simple"


def wheel(folder: Path, name: str, version: str, *requires: str, extras: Sequence[str] = ()) -> Path:
    """Write a package of one empty module into `folder`, and return the file."""
    info = f"{name}-{version}.dist-info"
    metadata = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}"]
    metadata += [f"Provides-Extra: {extra}" for extra in extras] + [f"Requires-Dist: {other}" for other in requires]
    files = {
        f"{name}.py": "",
        f"{info}/METADATA": "\n".join(metadata) + "\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={digest(text)},{len(text)}\n" for path, text in files.items())
    file = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(file, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return file


def digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def lock(file: Path, wheels: Iterable[Path]) -> None:
    """Pin wheels as a lock does: exact versions and hashes."""
    lines = []
    for path in wheels:
        name, version, *_ = path.name.split("-")
        lines.append(f"{name}=={version} --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n")
    file.write_text("".join(lines))


@dataclass(frozen=True)
class Clone:
    """A folder with the project's Makefile, locks of its own, and an index beside them."""

    folder: Path

    @property
    def index(self) -> Path:
        return self.folder / "index"

    def settings(self, name: str, text: str) -> Path:
        file = self.folder / f"{name}.toml"
        file.write_text(text)
        return file

    def make(self, installer: str, target: str, **environment: str) -> subprocess.CompletedProcess[str]:
        settings = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.index),
            "UV_CONFIG_FILE": str(self.settings("uv", f'no-index = true\nfind-links = ["{self.index}"]\n')),
            "UV_CACHE_DIR": str(self.folder / "cache"),
            "PIP_CONFIG_FILE": os.devnull,
            **environment,
        }
        command = ["make", f"PYTHON={sys.executable}", *(["UV="] if installer == "pip" else []), target]
        return subprocess.run(
            command, cwd=self.folder, env=settings, capture_output=True, text=True, check=False, timeout=120
        )

    def installed(self) -> dict[str, str]:
        [packages] = self.folder.glob(".venv/lib/python*/site-packages")
        return {each.name: each.version for each in distributions(path=[str(packages)])}


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    clone = Clone(tmp_path)
    clone.index.mkdir()
    shutil.copy(ROOT / "Makefile", tmp_path)
    plugin = wheel(clone.index, "plugin", "1.0", "measure[fast]>=1.0")
    measure = wheel(clone.index, "measure", "1.0", 'helper>=1.0; extra == "fast"', extras=["fast"])
    helper = wheel(clone.index, "helper", "1.0")
    wheel(clone.index, "measure", "2.0", 'helper>=2.0; extra == "fast"', extras=["fast"])
    wheel(clone.index, "helper", "2.0")
    lock(tmp_path / "requirements.lock", [helper])
    lock(tmp_path / "requirements-embedded.lock", [helper])
    lock(tmp_path / "requirements-dev.lock", [plugin, measure, helper])
    return clone


@pytest.mark.program
@pytest.mark.parametrize("installer", INSTALLERS)
def test_a_lock_is_installed_whatever_was_released_since_and_a_failure_names_its_cause(
    clone: Clone, installer: str
) -> None:
    nowhere = clone.settings("nowhere", f'index-url = "{NOWHERE}"\n')
    unreachable = {"PIP_NO_INDEX": "0", "PIP_INDEX_URL": NOWHERE, "PIP_FIND_LINKS": "", "PIP_RETRIES": "1"}
    done = clone.make(installer, ".venv/installed", **unreachable, UV_CONFIG_FILE=str(nowhere), UV_HTTP_RETRIES="0")
    assert done.returncode != 0
    assert f"Setting up .venv with {installer}" in done.stdout  # told before half a minute of silence
    assert "requirements.lock could not be installed. The package index cannot be reached." in done.stderr

    pinned = (clone.folder / "requirements.lock").read_text()
    (clone.folder / "requirements.lock").write_text(re.sub("sha256:....", "sha256:0000", pinned))
    done = clone.make(installer, ".venv/installed")
    assert done.returncode != 0
    assert "A package is not the one that was pinned, so it was not installed." in done.stderr

    # The index holds a newer release of what "plugin" wants with an extra.
    (clone.folder / "requirements.lock").write_text(pinned)
    done = clone.make(installer, ".venv/developing")
    assert done.returncode == 0, done.stdout + done.stderr
    assert clone.installed().items() >= {"plugin": "1.0", "measure": "1.0", "helper": "1.0"}.items()
    assert "Installing what the tests and checks need" in done.stdout


def test_everything_that_installs_a_lock_leaves_nothing_to_be_resolved() -> None:
    for file in (ROOT / "Makefile", ROOT / "deploy" / "Dockerfile"):
        text = file.read_text().replace("\\\n", " ")
        lines = [line for line in text.splitlines() if "--require-hashes" in line]
        assert lines
        assert [line for line in lines if "--no-deps" not in line] == []


def wanted(distribution: Distribution, extras: set[str]) -> list[Requirement]:
    """The requirements of a package that hold here, with the extras it was asked for with."""
    found = [Requirement(text) for text in distribution.requires or ()]
    environments = [{"extra": extra} for extra in (extras or {""})]
    return [
        each
        for each in found
        if each.marker is None or any(each.marker.evaluate(environment) for environment in environments)
    ]


def test_the_lock_is_complete_because_nothing_else_is_installed() -> None:
    here = {canonicalize_name(each.name): each for each in distributions()}
    extras: dict[str, set[str]] = {}
    for distribution in here.values():
        for requirement in wanted(distribution, set()):
            extras.setdefault(canonicalize_name(requirement.name), set()).update(requirement.extras)
    names = re.findall(r"^([\w.-]+)==", (ROOT / "requirements-dev.lock").read_text(), flags=re.MULTILINE)
    pinned = {canonicalize_name(name) for name in names}
    missing = {
        f"{name} wants {requirement}"
        for name in pinned & here.keys()
        for requirement in wanted(here[name], extras.get(name, set()))
        if canonicalize_name(requirement.name) not in here
        or not requirement.specifier.contains(here[canonicalize_name(requirement.name)].version, prereleases=True)
    }
    assert missing == set()
