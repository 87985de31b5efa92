"""Joins the page's modules into one script: a browser takes longer to fetch and link 120 of them than to run them.

What is read is what our modules use: `import` and `export` of names at the beginning of a line, and no circle. Each
becomes a function that is called once, after those it imports, and returns what it exports.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

# A name may be imported as another: `a as b`.
_IMPORT = re.compile(r'^import \{(?P<names>[^}]*)\} from "(?P<path>\.[^"]*)";$', re.MULTILINE)
_PASSED_ON = re.compile(r'^export \{(?P<names>[^}]*)\} from "(?P<path>\.[^"]*)";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (?P<name>\w+))", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*|await import\(.*|import\.meta.*", re.MULTILINE)


class Unbundled(ValueError):
    """A module imports or exports in a way that is not read here, or modules import each other in a circle."""


def bundle(folder: Path, entry: str) -> str:
    """Join a module, by its path in `folder`, and all that it imports into one script, which is a module itself.

    Raises:
        Unbundled: there is no script for them; the text names the module.
        OSError: a module is missing.
    """
    written = _Bundle(folder)
    written.add(PurePosixPath(entry))
    return "\n".join(written.parts)


class _Bundle:
    def __init__(self, folder: Path) -> None:
        self.parts: list[str] = []
        self._folder = folder
        # In the order in which they are come upon; one is called by its number here.
        self._numbers: dict[PurePosixPath, int] = {}
        self._done: set[PurePosixPath] = set()

    def add(self, module: PurePosixPath) -> None:
        """Write a module behind all that it imports."""
        self._numbers[module] = len(self._numbers)
        source = (self._folder / module).read_text("utf-8")
        exported: list[str] = []

        def imported(found: re.Match[str]) -> str:
            return f"const {{{_renamed(found['names'])}}} = {self._variable(_beside(module, found['path']))};"

        def passed_on(found: re.Match[str]) -> str:
            # They are not in the scope of the module that passes them on.
            variable = self._variable(_beside(module, found["path"]))
            names = [name.split() for name in found["names"].split(",") if name.strip()]
            exported.extend(f"{name[-1]}: {variable}.{name[0]}" for name in names)
            return ""

        source = _PASSED_ON.sub(passed_on, _IMPORT.sub(imported, source))
        exported += [found["name"] for found in _EXPORT.finditer(source)]
        source = _EXPORT.sub("", source)
        if other := _OTHER.search(source):
            raise Unbundled(f"{module}: {other[0]}")
        self._done.add(module)
        variable = self._variable(module)
        self.parts.append(
            f"// {module}\nconst {variable} = (() => {{\n{source}\nreturn {{{', '.join(exported)}}};\n}})();"
        )

    def _variable(self, module: PurePosixPath) -> str:
        if module not in self._numbers:
            self.add(module)
        if module not in self._done:
            raise Unbundled(f"{module}: is imported by what it imports")
        return f"$module{self._numbers[module]}"


def _renamed(names: str) -> str:
    return re.sub(r"\s+as\s+", ": ", names)


def _beside(module: PurePosixPath, path: str) -> PurePosixPath:
    """The module at a path that is told from another module."""
    parts: list[str] = list(module.parent.parts)
    for part in PurePosixPath(path).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return PurePosixPath(*parts)
