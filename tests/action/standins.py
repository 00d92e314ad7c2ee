"""Programs that stand in for docker and for Python: each records how it was called and answers what it was told."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# -I and -S: what site does takes half of the time that it takes to start.
_HEAD = """\
#!{python} -IS
import csv, json, os, pathlib, sys
here, me = pathlib.Path("{folder}"), pathlib.Path(sys.argv[0])
def record():
    call = {{"name": me.name, "argv": sys.argv[1:], "environment": dict(os.environ), "pid": os.getpid()}}
    with (here / "calls.jsonl").open("a") as calls:
        print(json.dumps(call), file=calls)
"""

# Records each call, and answers the few that the launcher makes.
DOCKER = """\
answers = json.loads((here / "docker.json").read_text())
record()
match sys.argv[1:]:
    case ["info", "--format", template]:
        for name, value in answers["info"].items():
            template = template.replace("{{." + name + "}}", value)
        print(template)
        sys.exit(not answers["info"]["OSType"])
    case ["create", "--pull=never", "--mount", mount, image]:
        source = next(csv.reader([mount]))[1].removeprefix("source=")
        if answers["unseen"]:
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
answers = json.loads(pathlib.Path("{answers}").read_text())
match sys.argv[1:]:
    case ["-I", "-c", question, *arguments]:
        sys.version_info, sys.implementation.name = (*answers["version"], 0), answers["implementation"]
        if not answers["venv"]:
            sys.modules["ensurepip"] = None
        sys.argv = ["-c", *arguments]
        exec(question)
        sys.exit()
record()
windows = os.environ.get("OSTYPE") == "msys"
match sys.argv[1:]:
    case ["-I", "-m", "venv", "--clear", folder]:
        copy = pathlib.Path(folder, "Scripts/python.exe" if windows else "bin/python")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(me.read_text())
        copy.chmod(0o755)
    case ["-I", "-m", "pip", "install", *_]:
        print(answers["said"])
        sys.exit(answers["pip"])
    case ["-I", "-S", "-c", start, *arguments]:
        sys.argv[:] = ["-c", *arguments]
        os.name = "nt" if windows else os.name
        exec(start)
    case ["-P", "-s", "-m", "redeliver", *_]:
        print("what the action said")
        sys.exit(answers["run"])
    case _:
        sys.exit("no such thing")
"""


def install(path: Path, text: str) -> None:
    """Make a program of it."""
    path.write_text(_HEAD.format(python=sys.executable, folder=path.parent) + text)
    path.chmod(0o755)


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
        answers = path.parent / f"{path.name}.json"
        answers.write_text(json.dumps(asdict(self)))
        install(path, _PYTHON.format(answers=answers))
