"""What the source comes to, beside what it is held to: ``make measure``, or ``python tools/measure.py FOLDER``.

Prints numbers of ``src/redeliver``, or of the package in another folder. A number above its limit is no failure: the
limits are what the code shall become, and a number says nothing about a file that is hard to read.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(__file__).parents[1] / "src" / "redeliver"
Function = ast.FunctionDef | ast.AsyncFunctionDef
#: By its name, the modules that a module imports; those for types alone and those within functions, too.
Imports = dict[str, set[str]]


class Module(NamedTuple):
    """A file of the package."""

    folder: str
    """Below the package; empty: the package itself."""
    is_init: bool
    text: str
    tree: ast.Module

    @property
    def nodes(self) -> Iterator[ast.AST]:
        """All that it says."""
        return ast.walk(self.tree)


class Row(NamedTuple):
    """A number, and what it is held to; empty: nothing."""

    what: str
    number: str
    limit: str = ""


def read(package: Path) -> dict[str, Module]:
    """The modules of a package by their names, with dots."""
    found = {}
    for file in sorted(package.rglob("*.py")):
        below = file.relative_to(package)
        is_init, text = file.stem == "__init__", file.read_text(encoding="utf-8")
        name = ".".join([package.name, *(below.parent if is_init else below.with_suffix("")).parts])
        found[name] = Module("/".join(below.parent.parts), is_init, text, ast.parse(text))
    return found


def measure(modules: dict[str, Module]) -> Iterator[Row]:
    """Everything that is measured, in the order in which it is printed."""
    nodes = [node for module in modules.values() for node in module.nodes]
    lengths = sorted(_lines(node) for node in nodes if isinstance(node, Function))
    lines = sum(module.text.count("\n") for module in modules.values())
    imports = {name: _imports(module, set(modules)) - {name} for name, module in modules.items()}
    strings = [node for node in nodes if isinstance(node, ast.Expr) and _is_string(node.value)]
    explaining = sum(map(_lines, strings)) + sum(map(_comments, modules.values()))

    yield Row("files, __init__.py left out", str(sum(_sizes(modules).values())))
    yield Row("lines", f"{lines:,}", "at most 9,700")
    statements = sum(isinstance(node, ast.stmt) for node in nodes) - len(strings)
    yield Row("statements", f"{statements:,}", "at most 5,000")
    yield Row("functions", f"{len(lengths):,}", "at most 560")
    yield Row("classes", f"{sum(isinstance(node, ast.ClassDef) for node in nodes):,}", "at most 150")
    ninetieth = quantiles(lengths, n=10, method="inclusive")[-1]
    yield Row("lines of a function: median", f"{median(lengths):g}", "at least 8")
    yield Row("lines of a function: 9 of 10 have no more than", f"{ninetieth:g}")
    yield Row("lines of a function: longest", str(lengths[-1]))
    yield Row("lines that are comments or docstrings", f"{explaining / lines:.1%}", "about 16.7%")
    yield from _structure(modules, imports)


def _structure(modules: dict[str, Module], imports: Imports) -> Iterator[Row]:
    try:
        yield Row("import levels", str(_levels(imports)), "at most 10")
        yield Row("circles", "none", "none")
    except CycleError as circle:
        yield Row("circles", " > ".join(circle.args[1]), "none")
    pairs = [(modules[name].folder, modules[other].folder) for name in imports for other in imports[name]]
    yield Row("imports across folders", str(sum(all(pair) and pair[0] != pair[1] for pair in pairs)))
    for folder, size in _sizes(modules).most_common():
        yield Row(f"modules in {folder or 'the package itself'}", str(size), "at most 11" if folder else "")


def _sizes(modules: dict[str, Module]) -> Counter[str]:
    """How many modules each folder has, folders in it included."""
    return Counter(module.folder.partition("/")[0] for module in modules.values() if not module.is_init)


def _levels(imports: Imports) -> int:
    """How many modules the longest chain of imports has. Raises CycleError."""
    level: dict[str, int] = {}
    for name in TopologicalSorter(imports).static_order():
        level[name] = 1 + max((level[other] for other in imports[name]), default=0)
    return max(level.values())


def _imports(module: Module, known: set[str]) -> set[str]:
    found = set()
    for node in module.nodes:
        match node:
            case ast.Import(names=names):
                found |= {alias.name for alias in names}
            case ast.ImportFrom(module=str(source), names=names):
                # What is imported may be a module or in one.
                found |= {name if (name := f"{source}.{alias.name}") in known else source for alias in names}
            case _:
                pass
    return found & known


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _is_string(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _comments(module: Module) -> int:
    tokens = tokenize.generate_tokens(io.StringIO(module.text).readline)
    return sum(token.type == tokenize.COMMENT for token in tokens)


def main(package: Path) -> None:
    """Print it as a table."""
    rows = list(measure(read(package)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print(f"{row.what:{widths[0]}}  {row.number:>{widths[1]}}  {row.limit}".rstrip())


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if sys.argv[1:] else PACKAGE)
