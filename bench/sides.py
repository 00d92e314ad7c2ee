"""The two sides of a comparison, each a process of its own against a simulated GitHub of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from githubsim.clock import HOUR, MINUTE, SECOND, system_ms
from githubsim.model import SimGitHub
from githubsim.outcomes import UNAVAILABLE
from githubsim.seeds import Mix, seed
from githubsim.server import serve

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
NODE_MODULES = ROOT / "githubsim/tests/contract/node_modules"
LATENCY_MS = 100
ORG, HOOK, TOKEN, REPO, VARIABLE = "octo", 1, "pat", "octo/ops", "LAST_REDELIVERY"


@dataclass(frozen=True, slots=True)
class Measured:
    """One side's run."""

    seconds: float
    """Of the whole process."""
    lists: int
    """Calls that listed deliveries."""
    scan_seconds: float
    """From the first list call's arrival to the last one's answer."""
    sent: int
    """Redeliveries that GitHub accepted."""
    pace: float
    """Redeliveries a second, from the first to the last."""
    violations: int
    """Calls over GitHub's limit of points, and calls made while it had asked to wait."""

    @property
    def per_round_trip(self) -> float:
        """How much longer the scan took than its calls' latency, one after the other."""
        return self.scan_seconds / (self.lists * LATENCY_MS / 1000)


def action(url: str, **inputs: str) -> None:
    """One step of the action."""
    with tempfile.TemporaryDirectory() as folder:
        files = {name: Path(folder, name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        given = {
            "org": ORG,
            "hook-id": str(HOOK),
            "token": TOKEN,
            "variable-name": VARIABLE,
            "variable-repository": REPO,
            "api-url": url,
            **inputs,
        }
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "GITHUB_ACTIONS": "true"}
        environment |= {f"INPUT_{name.upper().replace('_', '-')}": value for name, value in given.items()}
        environment |= {name: str(file) for name, file in files.items()}
        subprocess.run([sys.executable, "-m", "redeliver"], env=environment, check=True, stdout=subprocess.DEVNULL)


def documented(url: str) -> None:
    """The documented way, with npm's octokit."""
    asked = {"url": url, "token": TOKEN, "org": ORG, "hook_id": HOOK, "repo": REPO, "variable": VARIABLE}
    # Node looks for packages beside the script, so a copy of it goes where they are.
    script = NODE_MODULES.parent / "documented.bench.mjs"
    script.write_text((ROOT / "bench/documented.mjs").read_text(encoding="utf-8"), encoding="utf-8")
    try:
        subprocess.run(
            ["node", script.name, json.dumps(asked)], cwd=script.parent, check=True, stdout=subprocess.DEVNULL
        )
    finally:
        script.unlink()


def measure(run: Callable[[str], None], *, events: int, failing: int) -> Measured:
    """Run one side over a log of so many events, the newest of which fail and whose endpoint is well again."""
    sim = SimGitHub(system_ms)
    sim.token(TOKEN)
    hook = sim.org_hook(ORG, id=HOOK)
    now = system_ms()
    seed(hook, events - failing, until=now - 10 * MINUTE, mix=Mix(failing=0, spacing_ms=SECOND))
    hook.load(hook.row(now - 9 * MINUTE + number * 1_000, UNAVAILABLE) for number in range(failing))
    sim.variables(REPO).seed(VARIABLE, str(now - 48 * HOUR))
    with serve(sim, latency_ms=LATENCY_MS) as github:
        began = time.monotonic()
        run(github.url)
        seconds = time.monotonic() - began
    lists = sim.journal.of("GET", "/deliveries")
    scan = [one for one in lists if not sim.accepted or one.at < sim.accepted[0].accepted_at]
    posts = [one.accepted_at for one in sim.accepted]
    return Measured(
        seconds=seconds,
        lists=len(scan),
        scan_seconds=(scan[-1].at - scan[0].at + LATENCY_MS) / 1000,
        sent=len(posts),
        pace=(len(posts) - 1) / ((posts[-1] - posts[0]) / 1000) if len(posts) > 1 else 0.0,
        violations=sim.limits.violations + sim.limits.while_limited,
    )
