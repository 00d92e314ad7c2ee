"""What a step imports, which is most of the time to its first request: these packages and no others."""

from __future__ import annotations

import os
import pkgutil
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import redeliver
from githubsim.behaviour import Behaviour
from githubsim.clock import MINUTE, system_ms
from githubsim.model import SimGitHub
from githubsim.outcomes import UNAVAILABLE
from githubsim.server import serve

pytestmark = pytest.mark.slow

#: As they are named in `requirements/run.txt`.
PACKAGES = {
    *("actions-toolkit", "requests", "urllib3", "certifi", "charset-normalizer", "idna"),
    *("pydantic", "pydantic-core", "annotated-types", "typing-extensions", "typing-inspection"),
    # PyGithub imports all of itself, and with that what only an App's key or a secret needs.
    *("pygithub", "pyjwt", "cryptography", "cffi", "pynacl"),
}
#: The command line, which draws on terminals, keeps files and writes metrics; and what is there for types alone.
OURS_LEFT_OUT = {
    "entry.cli",
    "entry.init",
    "entry.flags",
    "entry.terminal",
    "run.state_file",
    "entry.metrics_file",
    "output.metrics",
    "files",
    "setup",
    "setup.environment",
    "setup.plan",
    # The tracking issue's, which is another step.
    "entry.tracking",
    "tracking",
    "tracking.decision",
    "tracking.issues",
    "tracking.page",
    "tracking.situation",
}
#: In all, Python's own included. There are 686 with Python 3.11, of which 176 are PyGithub's; others have some more.
MODULES = 750
_DUMP = """
import atexit, runpy, sys
there, sys.argv = sys.argv[1], ["redeliver"]
atexit.register(lambda: open(there, "w", encoding="utf-8").write("\\n".join(sys.modules)))
runpy.run_module("redeliver", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The modules that are there when a step ends which has redelivered an event and told of it."""
    folder = tmp_path_factory.mktemp("imports")
    files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "modules")}
    for file in files.values():
        file.touch()
    sim = SimGitHub(system_ms, behaviour=Behaviour(redelivery_ms=20, appears_ms=10))
    sim.token("pat")
    sim.org_hook("octo", id=1).add(system_ms() - MINUTE, UNAVAILABLE)
    with serve(sim) as github:
        given = {"ORG": "octo", "HOOK-ID": "1", "TOKEN": "pat", "API-URL": github.url}
        environment = {f"INPUT_{name}": value for name, value in given.items()}
        environment |= {name: str(file) for name, file in files.items()}
        environment |= {"GITHUB_ACTIONS": "true", "PYTHONPATH": str(Path(redeliver.__file__).parents[1])}
        ended = subprocess.run(
            [sys.executable, "-c", _DUMP, str(files["modules"])],
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert len(sim.accepted) == 1
    return files["modules"].read_text(encoding="utf-8").split()


def test_step_imports_only_these_packages(imported: list[str]) -> None:
    providers = packages_distributions()
    found = {one for name in imported for one in providers.get(name.partition(".")[0], [])}
    # Without what is tested, and what a virtual environment itself begins with.
    found -= {*providers.get("redeliver", []), "setuptools"}
    assert {re.sub("[_.]", "-", one).lower() for one in found} == PACKAGES


def test_step_imports_no_module_that_it_does_not_use(imported: list[str]) -> None:
    ours = {name.removeprefix("redeliver.") for name in imported if name.startswith("redeliver.")}
    there = {
        module.name.removeprefix("redeliver.") for module in pkgutil.walk_packages(redeliver.__path__, "redeliver.")
    }
    assert there - ours - {"__main__"} == OURS_LEFT_OUT


def test_number_of_modules_stays_below_its_limit(imported: list[str]) -> None:
    assert len(imported) < MODULES
