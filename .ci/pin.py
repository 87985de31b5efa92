"""Pins actions to commits and base images to digests, as their tags stand now, and keeps the tags beside them.

Needs `gh`, signed in, and `docker` with buildx. Asked again, it follows the tags.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
WORKFLOWS = ROOT / ".github" / "workflows"
IMAGES = (ROOT / "deploy" / "Dockerfile", ROOT / "deploy" / "compose.yaml")

# `uses: owner/name@v1`, or what this has made of it: `uses: owner/name@<commit>  # v1`.
_ACTION = re.compile(
    r"(?P<before>\buses: (?P<name>[\w.-]+/[\w.-]+(?:/[\w./-]+)?)@)(?P<at>[\w./-]+)(?:  # (?P<tag>\S+))?"
)
# `FROM name:tag` or `image: name:tag`, or with a digest after the tag.
_IMAGE = re.compile(
    r"(?P<before>^(?:FROM|\s+image:) )(?P<name>[\w./-]+:[\w.-]+)(?:@sha256:[0-9a-f]{64})?", re.MULTILINE
)


def pinned_actions(text: str, commit: Callable[[str, str], str]) -> str:
    """The text of a workflow with each action at a commit; `commit` gives that of a repository and a tag."""

    def pin(found: re.Match[str]) -> str:
        tag = found["tag"] or found["at"]
        repository = "/".join(found["name"].split("/")[:2])
        return f"{found['before']}{commit(repository, tag)}  # {tag}"

    return _ACTION.sub(pin, text)


def pinned_images(text: str, digest: Callable[[str], str]) -> str:
    """The text of a Dockerfile or compose file with each image at a digest, but for those that are built there."""
    return _IMAGE.sub(lambda found: f"{found['before']}{found['name']}@{digest(found['name'])}", text)


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.strip()


def _commit(repository: str, tag: str) -> str:
    return _said("gh", "api", f"repos/{repository}/commits/{tag}", "--jq", ".sha")


def _digest(image: str) -> str:
    return _said("docker", "buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}")


def main() -> int:
    for workflow in sorted(WORKFLOWS.glob("*.yml")):
        workflow.write_text(pinned_actions(workflow.read_text("utf-8"), _commit), "utf-8")
    for file in IMAGES:
        file.write_text(pinned_images(file.read_text("utf-8"), _digest), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
