"""Programs that stand in for docker and for Python: each records how it was called and answers what it was told."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Where they record their calls, beside themselves: a Python dictionary a line.
CALLS = "calls"
#: Not a virtual environment's, which looks for its packages first.
_INTERPRETER = os.path.realpath(sys.executable)

# With -I and -S, and no module but what is built in: imports take most of the time that a start takes.
_HEAD = """\
#!{interpreter} -IS
import posix, sys
answers = {answers!a}
me = sys.argv[0]
def record():
    name = me.rpartition("/")[2]
    call = {{"name": name, "argv": sys.argv[1:], "environment": posix.environ, "pid": posix.getpid()}}
    with open({calls!a}, "a") as calls:
        print(ascii(call), file=calls)
"""

# Records each call, and answers the few that the launcher makes.
_DOCKER = """\
record()
match sys.argv[1:]:
    case ["info", "--format", template]:
        for name, value in answers["info"].items():
            template = template.replace("{{." + name + "}}", value)
        print(template)
        sys.exit(not answers["info"]["OSType"])
    case ["create", "--pull=never", "--mount", mount, image]:
        if answers["unseen"]:
            import csv
            source = next(csv.reader([mount]))[1].removeprefix("source=")
            print(f"Error response from daemon: {answers['unseen']}: {source}", file=sys.stderr)
        else:
            print(f"Error response from daemon: No such image: {image}", file=sys.stderr)
        sys.exit(1)
    case ["image", "inspect", name]:
        sys.exit(name not in answers["images"])
    case ["pull", "--quiet", _]:
        print(answers["said"])
        sys.exit(answers["pull"])
    case ["build", *_]:
        print(answers["said"])
        sys.exit(answers["build"])
    case ["run", *_]:
        print("what the container said")
        sys.exit(answers["run"])
sys.exit("no such docker command")
"""

# Is asked its version in earnest; a virtual environment of its making has a copy of it.
_PYTHON = """\
match sys.argv[1:]:
    case ["-I", "-c", question, *arguments]:
        sys.version_info, sys.implementation.name = (*answers["version"], 0), answers["implementation"]
        if not answers["venv"]:
            sys.modules["ensurepip"] = None
        sys.argv = ["-c", *arguments]
        exec(question)
        sys.exit()
record()
windows = posix.environ.get(b"OSTYPE") == b"msys"
match sys.argv[1:]:
    case ["-I", "-m", "venv", "--clear", folder]:
        import os
        bin, name = (folder + "/Scripts", "python.exe") if windows else (folder + "/bin", "python")
        os.makedirs(bin, exist_ok=True)
        with open(me, "rb") as mine, open(bin + "/" + name, "wb") as copy:
            copy.write(mine.read())
        os.chmod(bin + "/" + name, 0o755)
    case ["-I", "-m", "pip", "install", *_]:
        print(answers["said"])
        sys.exit(answers["pip"])
    case ["-I", "-S", "-c", start, *arguments]:
        import os
        sys.argv[:] = ["-c", *arguments]
        os.name = "nt" if windows else os.name
        exec(start)
    case ["-P", "-s", "-m", "redeliver", *_]:
        print("what the action said")
        sys.exit(answers["run"])
    case _:
        sys.exit("no such thing")
"""


def _install(path: Path, text: str, answers: Mapping[str, Any]) -> None:
    """Make a program of it."""
    head = _HEAD.format(interpreter=_INTERPRETER, answers=dict(answers), calls=str(path.parent / CALLS))
    path.write_text(head + text)
    path.chmod(0o755)


def install_docker(path: Path, answers: Mapping[str, Any]) -> None:
    """Put an engine's command there."""
    _install(path, _DOCKER, answers)


@dataclass
class Python:
    """One Python of the machine."""

    version: tuple[int, int] = (3, 12)
    implementation: str = "cpython"
    venv: bool = True
    pip: int = 0
    run: int = 0
    said: str = "what pip said"

    def install(self, path: Path) -> None:
        """Put it there."""
        _install(path, _PYTHON, asdict(self))
