"""Real signals to the real process over real sockets: it puts things in order and is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from command.program import Commands, Started
from command.program import environment as usual
from githubsim.behaviour import Behaviour
from githubsim.clock import HOUR, MINUTE, SECOND, system_ms
from githubsim.faults import Delay, Fault, Lose
from githubsim.model import SimGitHub
from githubsim.outcomes import UNAVAILABLE
from githubsim.server import serve
from step import as_variables

Process = subprocess.Popen[bytes] | Started


pytestmark = pytest.mark.slow

EVENTS = 6
#: GitHub's runner sends SIGTERM after 7.5 s, and kills 2.5 s later.
SECONDS = 5.0
SIGNALS = [signal.SIGINT, signal.SIGTERM]


@dataclass
class Stage:
    """A simulated GitHub with failed events, and one run against it."""

    sim: SimGitHub
    process: Process
    output: Path
    summary: Path

    @property
    def kept(self) -> int | None:
        found = self.sim.variables("octo/ops").get("CHECKPOINT")
        return int(found.value) if found else None

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        until = time.monotonic() + 30
        while not condition():
            assert self.process.poll() is None, f"it ended before {what}"
            assert time.monotonic() < until, f"it never came to {what}"
            time.sleep(0.01)

    def has_read(self, pages: int) -> bool:
        """Whether GitHub has given so many pages; the one that it is giving does not count yet."""
        return sum(entry.path.endswith("/deliveries") for entry in list(self.sim.journal.entries)) >= pages

    def stop(self, number: signal.Signals) -> None:
        """Signal it and wait for its end, which has a report."""
        signalled_at = system_ms()
        self.process.send_signal(number)
        assert self.process.wait(SECONDS) == 128 + number
        # A call that was under way when the signal came may still reach GitHub a moment later.
        later = [entry for entry in self.sim.journal.entries if entry.at > signalled_at + 100]
        assert all("/actions/variables" in entry.path for entry in later), [entry.line for entry in later]
        assert all(one.accepted_at <= signalled_at + 100 for one in self.sim.accepted)
        assert "undelivered-count" in self.output.read_text()

    def is_in_order(self) -> None:
        """Outputs and summary say it, and the next run will find every event again."""
        assert "signal" in self.output.read_text(), "the report does not say it"
        assert self.summary.read_text()
        assert self.kept is not None
        (hook,) = self.sim.hooks.values()
        assert self.kept < min(row.delivered_at for row in hook.log.rows)


@contextmanager
def stage(
    tmp_path: Path, forks: Commands | None, *faults: Fault, latency_ms: int = 0, **inputs: str
) -> Iterator[Stage]:
    """``forks``: what the process is forked from; None: it starts by itself."""
    sim = SimGitHub(system_ms, behaviour=Behaviour(redelivery_ms=HOUR))  # no outcome shows: the watch goes on
    sim.token("pat")
    sim.faults.add(*faults)
    hook = sim.org_hook("octo")
    for place in range(EVENTS):
        hook.add(system_ms() - 30 * MINUTE + place * SECOND, UNAVAILABLE)
    output, summary = tmp_path / "output", tmp_path / "summary.md"
    output.touch()
    summary.touch()
    with serve(sim, latency_ms=latency_ms) as served:
        where = {"org": "octo", "hook-id": str(hook.id), "token": "pat", "api-url": served.url}
        kept = {"variable-name": "CHECKPOINT", "variable-repository": "octo/ops"}
        changed = {name.replace("_", "-"): value for name, value in inputs.items()}
        given = {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary), "GITHUB_ACTIONS": "true"}
        given |= as_variables(where | kept | changed)
        process: Process
        if forks:
            process = forks.start(given=given, out=os.devnull, err=os.devnull)
        else:
            command = [sys.executable, "-m", "redeliver"]
            process = subprocess.Popen(command, env=usual(**given), stdout=subprocess.DEVNULL)
        with process:
            try:
                yield Stage(sim, process, output, summary)
            finally:
                process.kill()


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_while_reading_the_log(tmp_path: Path, forks: Commands, number: signal.Signals) -> None:
    with stage(tmp_path, forks, latency_ms=50) as it:
        it.sim.behaviour.page_cap = 1
        it.sim.variables("octo/ops").seed("CHECKPOINT", "1700000000000")
        it.wait_for(lambda: it.has_read(2), "the second page")
        it.stop(number)
        assert it.sim.accepted == []
        assert it.kept == 1_700_000_000_000, "a scan that broke off moved the checkpoint"
        it.is_in_order()


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("slow", ["*/deliveries", "*/attempts", "*/actions/variables/*"])
def test_signal_during_an_unanswered_call(tmp_path: Path, forks: Commands, number: signal.Signals, slow: str) -> None:
    asked: list[str] = []
    with stage(tmp_path, forks, Fault(Delay(60_000), path=slow)) as it:
        it.sim.observers.append(lambda request, _: asked.append(request.path))
        it.wait_for(lambda: asked and any(rule.hits for rule in it.sim.faults.rules), f"a slow {slow}")
        time.sleep(0.2)
        it.stop(number)
        if slow == "*/attempts":
            it.is_in_order()
            assert "unknown" in it.output.read_text()
            assert len(it.sim.accepted) == 1


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_while_waiting_for_the_pace(tmp_path: Path, forks: Commands, number: signal.Signals) -> None:
    with stage(tmp_path, forks, redeliveries_per_minute="1", wait_for_results="0") as it:
        it.wait_for(lambda: len(it.sim.accepted) == 5, "the end of the burst")
        time.sleep(0.2)
        it.stop(number)
        it.is_in_order()
        assert '"outcome":"stopped"' in it.output.read_text()


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_while_watching(tmp_path: Path, forks: Commands, number: signal.Signals) -> None:
    with stage(tmp_path, forks) as it:
        it.wait_for(lambda: len(it.sim.accepted) == 3 and it.has_read(2), "the watch")
        it.stop(number)
        it.is_in_order()


def unanswered_checkpoint() -> Fault:
    return Fault(Lose("silence"), verb="PATCH", path="*/actions/variables/*", nth=2, times=None)


def test_signal_while_the_checkpoint_is_not_answered(tmp_path: Path, forks: Commands) -> None:
    with stage(tmp_path, forks, unanswered_checkpoint()) as it:
        it.wait_for(lambda: len(it.sim.accepted) == 3, "the watch")
        it.stop(signal.SIGTERM)
        assert "saved" in it.summary.read_text()


def test_second_signal_ends_the_process_at_once(tmp_path: Path) -> None:
    silent = unanswered_checkpoint()
    with stage(tmp_path, None, silent) as it:
        it.wait_for(lambda: len(it.sim.accepted) == 3, "the watch")
        it.process.send_signal(signal.SIGINT)
        it.wait_for(lambda: silent.hits, "the checkpoint")
        began = time.monotonic()
        it.process.send_signal(signal.SIGTERM)
        assert it.process.wait(SECONDS) == 128 + signal.SIGTERM
        assert time.monotonic() - began < 1


def test_signal_before_the_run_has_begun(tmp_path: Path) -> None:
    with stage(tmp_path, None) as it:
        os.kill(it.process.pid, signal.SIGTERM)
        assert it.process.wait(SECONDS) in {-signal.SIGTERM, 128 + signal.SIGTERM}
        assert it.sim.accepted == []
