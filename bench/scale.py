"""``make bench``, second part: what an attempt costs, in CPU and in memory, at 10 thousand, 100 thousand and a million.

Everything is as in a run (sockets, PyGithub, parsing, counting) but the waiting: on the run's clock nothing but waits
takes time, and they cost none; the simulated GitHub is asked to have no limits.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from githubsim.clock import DAY, VirtualClock, system_ms
from githubsim.model import SimGitHub
from githubsim.seeds import Mix, seed
from githubsim.server import serve
from redeliver.core.settings import parse
from redeliver.github.connection import GitHubApi
from redeliver.run.runs import Runs
from redeliver.timing import RunClock

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZES = (10_000, 100_000, 1_000_000)
CPU_BUDGET_US = 25.0
PEAK_BUDGET_MB = 180


class Silent:
    """A console that nobody reads."""

    def line(self, text: str) -> None:
        """Nothing."""

    def detail(self, text: str) -> None:
        """Nothing."""

    @contextmanager
    def group(self, title: str) -> Iterator[None]:  # noqa: ARG002  a Console's own signature
        """Nothing."""
        yield


def peak_kib() -> int:
    """This process's own peak; its ``ru_maxrss`` would begin with that of the process which started it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def client(url: str) -> dict[str, float]:
    """In a process of its own: one dry run, and what it took."""
    idle = peak_kib()
    before = time.process_time()
    given = {"org": "octo", "hook-id": "1", "token": "pat", "api-url": url}
    settings = parse(given | {"lookback": "3d", "time-limit": "9d", "dry-run": "true"})
    console = Silent()
    clock = RunClock(VirtualClock(), settings.time_limit, console)
    report = Runs(settings, lambda token: GitHubApi(url, token, clock.call_time_left), clock, console).run()
    if report.errors:
        raise SystemExit(report.errors)
    peak = peak_kib()
    return {
        "attempts": report.scanned,
        "failed": report.failed,
        "cpu_us": (time.process_time() - before) / report.scanned * 1e6,
        "bytes": (peak - idle) * 1024 / report.scanned,
        "peak_mb": peak / 1024,
    }


def main() -> int:
    """Measure every size; 0 when both budgets are kept at the largest."""
    print("| attempts in the window | undelivered events | CPU, us an attempt | memory, bytes an attempt | peak, MB |")
    print("| --: | --: | --: | --: | --: |")
    largest: dict[str, float] = {}
    for size in SIZES:
        sim = SimGitHub(system_ms)
        sim.limits.policy.hourly = sim.limits.policy.points_a_minute = None
        sim.token("pat")
        hook = sim.org_hook("octo", id=1)
        seed(hook, size, until=system_ms(), mix=Mix(failing=0.01, recovered=0.0, spacing_ms=2 * DAY // size))
        with serve(sim) as github:
            told = subprocess.run(
                [sys.executable, __file__, github.url], check=True, capture_output=True, text=True
            ).stdout
        largest = json.loads(told)
        print(
            "| {attempts:,} | {failed:,} | {cpu_us:.1f} | {bytes:.0f} | {peak_mb:.0f} |".format(**largest), flush=True
        )
    kept = largest["cpu_us"] <= CPU_BUDGET_US and largest["peak_mb"] <= PEAK_BUDGET_MB
    print(f"\nBudgets: {CPU_BUDGET_US:.0f} us, {PEAK_BUDGET_MB} MB: {'kept' if kept else 'BROKEN'}")
    return 0 if kept else 1


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(client(sys.argv[1])))
    else:
        sys.exit(main())
