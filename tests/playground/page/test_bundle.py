"""The page's modules in one script: each behind those it imports; what is not understood is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.playground.page import page
from bot.playground.page.bundle import Unbundled, bundle

STATIC = Path(page.__file__).with_name("static")


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A few modules: what `app/main.js` needs is in another folder, and is passed on by a third."""
    files = {
        "app/main.js": 'import { all as parts, Shape } from "../shapes/index.js";\nparts(new Shape());\n',
        "shapes/index.js": 'export { all,\n  none } from "./lists.js";\nexport class Shape {}\n',
        "shapes/lists.js": "export const none = [];\nexport async function all() {}\n// export is a word\n",
        "shapes/unused.js": "export const unused = 1;\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_each_module_follows_those_it_imports(written: Path) -> None:
    assert bundle(written, "app/main.js").splitlines() == [
        "// shapes/lists.js",
        "const $module2 = (() => {",
        *("const none = [];", "async function all() {}", "// export is a word", ""),
        "return {none, all};",
        "})();",
        "// shapes/index.js",
        "const $module1 = (() => {",
        *("", "class Shape {}", ""),
        "return {all: $module2.all, none: $module2.none, Shape};",
        "})();",
        "// app/main.js",
        "const $module0 = (() => {",
        *("const { all: parts, Shape } = $module1;", "parts(new Shape());", ""),
        "return {};",
        "})();",
    ]


@pytest.mark.parametrize(
    "line",
    [
        'import * as all from "./index.js";',
        'import "./index.js";',
        "export default 1;",
        "export let changing = 1;",
        "export { none };",
        'const late = await import("./index.js");',
        "const here = import.meta.url;",
        'import { main } from "../app/main.js";',
        'import { itself } from "./lists.js";',
    ],
)
def test_what_is_not_understood_is_named_with_its_module(written: Path, line: str) -> None:
    with (written / "shapes/lists.js").open("a") as module:
        module.write(f"{line}\n")
    with pytest.raises(Unbundled, match=r"(shapes/lists|app/main)\.js: "):
        bundle(written, "app/main.js")


def test_every_module_of_the_page_is_in_its_script_once() -> None:
    told = [
        line for line in bundle(STATIC, "app/main.js").splitlines() if line.startswith("// ") and line.endswith(".js")
    ]
    assert sorted(told) == sorted(f"// {path.relative_to(STATIC).as_posix()}" for path in STATIC.rglob("*.js"))
