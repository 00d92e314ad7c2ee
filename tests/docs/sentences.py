"""Every sentence that the code can end with, with ``…`` for what differs."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import redeliver.errors
from redeliver.errors import RedeliverError

SOURCE = Path(redeliver.__file__).parent


def kinds() -> dict[str, type[RedeliverError]]:
    """The errors with a sentence, by their names."""
    return {
        name: one
        for name, one in vars(redeliver.errors).items()
        if isinstance(one, type) and issubclass(one, RedeliverError) and hasattr(one, "sentence")
    }


def launcher() -> set[str]:
    """The first sentence of each of the launcher's own."""
    script = (Path(__file__).parents[2] / "src" / "launch.sh").read_text(encoding="utf-8").replace("\\\n", "")
    said = re.findall(r'\bfail "((?:[^"\\]|\\.)*)"', script)
    return {re.sub(r"\$(?:{.*?}|\w+)", "…", one).partition(". ")[0] for one in said}


def problems() -> set[str]:
    """What can be wrong with an input."""
    found = set()
    for file in ("core/inputs", "core/settings", "replay/settings", "entry/tracking", "entry/flags"):
        for node in ast.walk(ast.parse((SOURCE / f"{file}.py").read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="refuse"), args=[said]):
                    found.add(_text(said))
                case ast.Call(func=ast.Name(id="SettingsError"), args=[ast.Tuple(elts=said)]):
                    found |= {_text(one) for one in said}
                case ast.Return(value=(ast.Constant(value=str()) | ast.JoinedStr()) as said) if file == "core/inputs":
                    found.add(_text(said))
                case ast.Dict(keys=said) if file == "core/settings":
                    found |= {_text(one) for one in said if isinstance(one, ast.Constant) and ": " in str(one.value)}
                case ast.Yield(value=(ast.Constant(value=str()) | ast.JoinedStr()) as said):
                    found.add(_text(said))
                case _:
                    pass
    return found


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=value):
            return str(value)
        case ast.JoinedStr(values=parts):
            return "".join(_text(part) for part in parts)
        case _:
            return "…"
