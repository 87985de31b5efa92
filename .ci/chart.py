"""Renders the Helm chart for three sets of values, offline, and keeps what comes out for the tests to look at.

The tests themselves need no Helm: they hold that the chart has not changed since, and look at the result.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
CHART = ROOT / "deploy" / "helm" / "flowise-slack"
CASES = ROOT / "tests" / "deploy" / "chart"
RELEASE, NAMESPACE = "answers", "slack"
_SUFFIX = ".values.yaml"
# Of what helm lint finds, such as a chart without an icon.
_INFO = 1


def digest(values: Path) -> str:
    """A digest of the chart and of a file of values: of all that the result follows from."""
    found = hashlib.sha256()
    for path in [*sorted(path for path in CHART.rglob("*") if path.is_file()), values]:
        found.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def cases() -> Iterator[tuple[Path, Path]]:
    """Each file of values, and the file with what is rendered from it."""
    for values in sorted(CASES.glob(f"*{_SUFFIX}")):
        yield values, values.with_name(values.name.removesuffix(_SUFFIX) + ".rendered.yaml")


def main() -> int:
    # It is in an environment of its own, and whoever wants a digest alone need not have it.
    import helm_python as helm  # type: ignore[import-not-found]  # noqa: PLC0415

    wrong: list[str] = []
    with helm.Chart.load(str(CHART)) as chart:
        for values, rendered in cases():
            given = helm.values_from_yaml(values.read_text())
            manifests = chart.render(given, name=RELEASE, namespace=NAMESPACE)
            texts = [manifests[name].strip() for name in sorted(manifests) if name.endswith(".yaml")]
            head = f"# Made by make chart, from {values.name}: {digest(values)}\n"
            rendered.write_text(head + "".join(f"---\n{text}\n" for text in texts if text))
            print(f"chart: {rendered.relative_to(ROOT)}")
            found = helm.lint(str(CHART), given, strict=True)["messages"]
            wrong += [f"{values.name}: {each['path']}: {each['error']}" for each in found if each["severity"] > _INFO]
    for line in wrong:
        print(f"chart: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
