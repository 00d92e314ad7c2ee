"""Programs that stand in for docker and for Python: each records how it was called and answers what it was told."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

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
def hang_if_told(command):
    if command in answers["hangs"]:
        import _signal, time
        _signal.signal(_signal.SIGTERM, _signal.SIG_IGN)
        if not posix.fork():
            record()  # what a command has started is to end with it
        time.sleep(60)
"""

# Records each call, and answers the few that the launcher makes. Of a template it knows what the launcher uses.
_DOCKER = """\
record()
def fill(template):
    import re
    def look_up(path):
        value = answers["info"]
        for name in path.strip(".").split("."):
            if name not in value:
                sys.exit(f"Error: template: info: can't evaluate field {name}")
            value = value[name]
        return value
    def block(found):
        kind, path, text = found.groups()
        value = look_up(path)
        yes, _, no = text.partition("{{else}}")
        return (yes if value else no) if kind == "if" else "".join(text.replace("{{.}}", one) for one in value)
    def show(found):
        value = look_up(found[1])
        return f"[{' '.join(value)}]" if isinstance(value, list) else str(value)
    template = re.sub(r"\\{\\{(if|range) ([.\\w]+)}}(.*?)\\{\\{end}}", block, template)
    return re.sub(r"\\{\\{([.\\w]+)}}", show, template)
hang_if_told(sys.argv[1])
match sys.argv[1:]:
    case ["info", "--format", template]:
        if answers["slow"]:
            import time
            time.sleep(answers["slow"])
        if answers["podman"]:
            print("Emulate Docker CLI using podman. Create /etc/containers/nodocker to quiet msg.", file=sys.stderr)
        print(fill(template))
        sys.exit(not (answers["podman"] or answers["info"]["OSType"]))
    case ["create", _, "--mount", _, image] if answers["podman"]:
        sys.exit(f"Error: {image}: image not known")  # it looks for the image first
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
hang_if_told(sys.argv[3] if sys.argv[2] == "-m" else sys.argv[1])
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
    case ["-P", "-s", "-c", _]:
        print(answers["said"])
        sys.exit(answers["load"])
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


def install_sleep(path: Path, seconds: float) -> None:
    """Put a sleep there that takes this long, whatever it is told."""
    _install(path, "record()\nimport time\ntime.sleep(answers['seconds'])\n", {"seconds": seconds})


def install_docker(path: Path, answers: Mapping[str, Any]) -> None:
    """Put an engine's command there."""
    _install(path, _DOCKER, answers)


@dataclass
class Python:
    """One Python of the machine.

    ``pip``, ``load`` and ``run`` are the exit codes of the installation, of the check that what was installed can be
    loaded, and of the action. ``hangs``: the modules that never end.
    """

    version: tuple[int, int] = (3, 12)
    implementation: str = "cpython"
    venv: bool = True
    pip: int = 0
    load: int = 0
    run: int = 0
    said: str = "what pip said"
    hangs: tuple[str, ...] = ()

    def install(self, path: Path) -> None:
        """Put it there."""
        _install(path, _PYTHON, asdict(self))
