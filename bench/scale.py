"""``make bench``, second part: what an attempt costs, in CPU and in memory, at 10 thousand, 100 thousand and a million.

Everything is as in a run (sockets, PyGithub, parsing, counting) but the waiting: on the run's clock nothing but waits
takes time, and they cost none; the simulated GitHub is asked to have no limits.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import tracemalloc
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from githubsim.clock import DAY, VirtualClock, system_ms
from githubsim.model import SimGitHub
from githubsim.seeds import Mix, seed
from githubsim.server import serve
from redeliver.console import Console
from redeliver.core.health import FirstAttempts
from redeliver.core.settings import parse
from redeliver.github.connection import GitHubApi
from redeliver.github.session import Session
from redeliver.run.runs import run_hooks
from redeliver.timing import RunClock
from samples import row

if TYPE_CHECKING:
    from redeliver.core.deliveries import Row

#: Attempts, and the share of them that failed.
SIZES = ((10_000, 0.01), (100_000, 0.01), (100_000, 1.0), (1_000_000, 0.01))
CPU_BUDGET_US = 25.0
PEAK_BUDGET_MB = 180
UNDELIVERED_BYTES_BUDGET = 900
HEALTH_CPU_BUDGET_US = 2.0
HEALTH_BYTES_BUDGET = 4.0


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
    console = Console()
    clock = RunClock(VirtualClock(), settings.time_limit, console)
    connect = partial(GitHubApi, url, time_left=clock.call_time_left)
    report = run_hooks(Session(settings, connect, clock, console, random=Random(1)))
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


def health(attempts: int) -> tuple[float, float]:
    """What counting an attempt for the health figures takes: microseconds of CPU, and bytes that stay."""
    page: list[Row] = [
        {**row(number, code=200, event=f"event_{number % 20}"), "duration": number * 0.02, "throttled_at": None}
        for number in range(1, 101)
    ]
    counter = FirstAttempts(0, timeout=10)
    before = time.process_time()
    for _ in range(attempts // 100):
        counter.add(page)
    took = time.process_time() - before
    tracemalloc.start()
    counter = FirstAttempts(0, timeout=10)
    for _ in range(attempts // 100):
        counter.add(page)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return took / attempts * 1e6, kept / attempts


def main() -> int:
    """Measure every size; 0 when the budgets are kept: of an undelivered event where all are, and at the largest."""
    print("| attempts in the window | undelivered events | CPU, us an attempt | memory, bytes an attempt | peak, MB |")
    print("| --: | --: | --: | --: | --: |")
    largest: dict[str, float] = {}
    of_an_event = 0.0
    for size, failing in SIZES:
        sim = SimGitHub(system_ms)
        sim.limits.policy.hourly = sim.limits.policy.points_a_minute = None
        sim.token("pat")
        hook = sim.org_hook("octo", id=1)
        seed(hook, size, until=system_ms(), mix=Mix(failing=failing, recovered=0.0, spacing_ms=2 * DAY // size))
        with serve(sim) as github:
            told = subprocess.run(
                [sys.executable, __file__, github.url], check=True, capture_output=True, text=True
            ).stdout
        largest = json.loads(told)
        print(
            "| {attempts:,} | {failed:,} | {cpu_us:.1f} | {bytes:.0f} | {peak_mb:.0f} |".format(**largest), flush=True
        )
        if failing == 1:
            of_an_event = largest["bytes"]
    few = of_an_event <= UNDELIVERED_BYTES_BUDGET
    print(f"\nAn undelivered event: {of_an_event:.0f} bytes. Budget: {UNDELIVERED_BYTES_BUDGET}: {_verdict(kept=few)}")
    kept = largest["cpu_us"] <= CPU_BUDGET_US and largest["peak_mb"] <= PEAK_BUDGET_MB
    print(f"\nBudgets: {CPU_BUDGET_US:.0f} us, {PEAK_BUDGET_MB} MB: {_verdict(kept=kept)}")
    cpu, left = health(SIZES[1][0])
    kept_too = cpu <= HEALTH_CPU_BUDGET_US and left <= HEALTH_BYTES_BUDGET
    print(f"\nHealth, of each attempt: {cpu:.2f} us, {left:.2f} bytes")
    print(f"Budgets: {HEALTH_CPU_BUDGET_US:.0f} us, {HEALTH_BYTES_BUDGET:.0f} bytes: {_verdict(kept=kept_too)}")
    return 0 if few and kept and kept_too else 1


def _verdict(*, kept: bool) -> str:
    return "kept" if kept else "BROKEN"


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(client(sys.argv[1])))
    else:
        sys.exit(main())
