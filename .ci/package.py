"""Builds the wheel and the source archive, and checks them: metadata, contents, and that what is installed works.

The wheel is installed into two empty environments, by uv and by a pip of 2022, each from the index with whatever is
newest there; in each the demo has to answer, from a folder that has nothing else.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parent.parent
DIST = ROOT / "dist"
OLD_PIP = "pip==22.3.1"

# What a wheel has at its top, and an archive of sources below its folder.
IN_WHEEL = frozenset({"bot", "handlers"})
IN_SOURCES = frozenset({*IN_WHEEL, ".gitignore", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"})
# Without these the demo has no page.
PAGE = frozenset({"bot/playground/page/static/index.html"})
_DEMO_SECONDS = 120.0


class Wrong(Exception):
    """A package is not as it should be; the text says how."""


def run(*command: str | Path, cwd: Path = ROOT, seconds: float = 600.0) -> str:
    """What a program prints. Raises Wrong, with its last lines, if it fails."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=seconds)
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise Wrong(f"{Path(command[0]).name} {' '.join(map(str, command[1:4]))}: status {done.returncode}\n{last}")
    return done.stdout


def tool(name: str) -> Path:
    """A program of the environment that this runs in."""
    return Path(sys.executable).parent / name


def built() -> tuple[Path, Path]:
    """The wheel and the source archive, made anew, and checked for their metadata by the tools of the field."""
    run(tool("validate-pyproject"), "pyproject.toml")
    for old in DIST.glob("flowise_slack-*"):
        old.unlink()
    # Without isolation: the backend is the one that is pinned, and nothing is fetched.
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", DIST)
    [wheel], [sources] = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    run(tool("twine"), "check", "--strict", wheel, sources)
    run(tool("check-wheel-contents"), "--toplevel", ",".join(sorted(IN_WHEEL)), wheel)
    return wheel, sources


def check_contents(wheel: Path, sources: Path) -> None:
    """Check what is in both: all that is run, the page of the demo, and no tests. Raises Wrong."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    with tarfile.open(sources) as tar:
        inside = [member.name.partition("/")[2] for member in tar.getmembers() if member.isfile()]
    check_tops("wheel", names, IN_WHEEL)
    check_tops("source archive", inside, IN_SOURCES)
    ours = {str(path.relative_to(ROOT)) for top in IN_WHEEL for path in (ROOT / top).rglob("*.py")}
    for what, there in (("wheel", set(names)), ("source archive", set(inside))):
        if missing := sorted((ours | PAGE) - there):
            raise Wrong(f"the {what} lacks {', '.join(missing[:5])}")


def check_tops(what: str, names: Iterable[str], allowed: frozenset[str]) -> None:
    """Raises Wrong if anything stands there that is not named."""
    if strangers := sorted({name.partition("/")[0] for name in names} - allowed):
        raise Wrong(f"the {what} has {', '.join(strangers)}")


def check_answers(installer: str, folder: Path, wheel: Path) -> None:
    """Install the wheel into an empty environment, and have the demo answer from an empty folder. Raises Wrong."""
    environment, empty = folder / installer, folder / f"{installer}-empty"
    empty.mkdir()
    python, wanted = environment / "bin" / "python", f"{wheel}[demo]"
    if installer == "uv":
        run(tool("uv"), "venv", "--quiet", "--python", sys.executable, environment)
        run(tool("uv"), "pip", "install", "--quiet", "--python", python, wanted)
    else:
        run(sys.executable, "-m", "venv", environment)
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", OLD_PIP)
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wanted)
    run(environment / "bin" / "flowise-slack", "demo", "--once", cwd=empty, seconds=_DEMO_SECONDS)


def main() -> int:
    try:
        wheel, sources = built()
        check_contents(wheel, sources)
        for path in (wheel, sources):
            print(f"package: {path.relative_to(ROOT)}, {path.stat().st_size / 1000:.0f} kB")
        with tempfile.TemporaryDirectory(prefix="package-") as folder:
            for installer in ("uv", "pip"):
                check_answers(installer, Path(folder), wheel)
                print(f"package: installed by {'uv' if installer == 'uv' else OLD_PIP}, the demo answers")
    except (Wrong, subprocess.TimeoutExpired) as reason:
        print(f"package: {reason}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
