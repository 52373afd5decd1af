"""What tests say that they show: the marks `@pytest.mark.standard("ASVS 6.2.1")`, read without running anything."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

MARK = "standard"
_OFF = ("skip", "xfail", "skipif")
_SKIPS = ("pytest.skip", "pytest.xfail")
_Test = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Marked:
    """A test that shows requirements.

    Args:
        test: its name, as in `unit/test_refresh::TestOverlap::test_it_ends`.
        names: of the requirements.
        off: why the test never runs, or nothing.
    """

    test: str
    names: tuple[str, ...]
    off: str = ""


@dataclass(frozen=True, slots=True)
class Marks:
    """All marks of some tests, and what is wrong with how they are written."""

    marked: tuple[Marked, ...]
    faults: tuple[str, ...]


def read_marks(tests: Path) -> Marks:
    """Return the marks of all tests below a folder.

    Args:
        tests: the folder; names of tests begin there.
    """
    marked: list[Marked] = []
    faults: list[str] = []
    for file in sorted(tests.rglob("*.py")):
        text = file.read_text("utf-8")
        if f"mark.{MARK}" in text:
            name = file.relative_to(tests).with_suffix("").as_posix()
            found = _read(name, ast.parse(text))
            marked += found.marked
            faults += found.faults
    return Marks(tuple(marked), tuple(faults))


def _read(file: str, module: ast.Module) -> Marks:
    marked, faults, understood = [], [], 0
    for path, test, around in _tests(module):
        calls = [each for each in test.decorator_list if _mark_of(each) == MARK]
        names = [name for call in calls for name in _texts(call)]
        understood += len(calls)
        if calls and not names:
            faults.append(f"{file}::{path}: a mark names requirements as texts, at least one")
        if calls:
            off = next((why for each in (*around, *test.decorator_list) if (why := _off(each))), _skips_itself(test))
            marked.append(Marked(f"{file}::{path}", tuple(names), off))
    written = sum(isinstance(node, ast.Attribute) and _mark_of(node) == MARK for node in ast.walk(module))
    if written != understood or not file.rpartition("/")[2].startswith("test_"):
        faults.append(f"{file}: a mark stands above a test that pytest finds, and nowhere else")
    return Marks(tuple(marked), tuple(faults))


def _tests(module: ast.Module) -> Iterator[tuple[str, _Test, Sequence[ast.expr]]]:
    """Yield the tests that pytest finds: their names, and the marks of what they stand in."""
    everywhere = [node.value for node in module.body if isinstance(node, ast.Assign) and _is_pytestmark(node)]
    for node in module.body:
        if isinstance(node, _Test) and node.name.startswith("test"):
            yield node.name, node, everywhere
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for inner in node.body:
                if isinstance(inner, _Test) and inner.name.startswith("test"):
                    yield f"{node.name}::{inner.name}", inner, [*everywhere, *node.decorator_list]


def _is_pytestmark(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)


def _mark_of(node: ast.expr) -> str:
    """Return the name of the mark of pytest that an expression is, or nothing."""
    found = node.func if isinstance(node, ast.Call) else node
    text = ast.unparse(found)
    return text.removeprefix("pytest.mark.") if text.startswith("pytest.mark.") else ""


def _texts(call: ast.expr) -> list[str]:
    given = call.args if isinstance(call, ast.Call) else []
    texts = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    return texts if len(texts) == len(given) else []


def _off(node: ast.expr) -> str:
    """Return the mark by which a test shows nothing: it never runs, or may fail. A computed condition may pass."""
    if isinstance(node, ast.List | ast.Tuple):
        return next((why for each in node.elts if (why := _off(each))), "")
    name, given = _mark_of(node), node.args if isinstance(node, ast.Call) else []
    may_run = name == "skipif" and not all(isinstance(each, ast.Constant) for each in given)
    return name if name in _OFF and not may_run else ""


def _skips_itself(test: _Test) -> str:
    calls = [each.value for each in test.body if isinstance(each, ast.Expr) and isinstance(each.value, ast.Call)]
    return next((f"{name}()" for call in calls if (name := ast.unparse(call.func)) in _SKIPS), "")
