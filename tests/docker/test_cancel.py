"""Cancelling a job, as the runner does it: SIGINT to the step's process and to nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from action.step import ROOT, step_command, step_environment
from docker.organization import ORG, TOKEN, VARIABLE, world
from docker.watch import running_containers
from githubsim.clock import HOUR

if TYPE_CHECKING:
    from pathlib import Path

REPOSITORY = "octo-org/automation"


def test_a_cancelled_run_puts_things_in_order_and_is_gone_before_it_is_killed(tmp_path: Path) -> None:
    output, summary = tmp_path / "output", tmp_path / "summary.md"
    output.touch()
    summary.touch()
    with world() as it:
        it.github.sim.behaviour.redelivery_ms = HOUR  # no outcome ever shows, so the run waits for one
        it.receiver.go_down()
        (first, *_) = it.happen(3)
        inputs = {"org": ORG, "hook_id": str(it.hook.id), "token": TOKEN, "variable_name": VARIABLE}
        with subprocess.Popen(
            step_command(tmp_path),
            env={
                **os.environ,
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(summary),
                **step_environment(inputs | {"api_url": it.github.url}),
            },
        ) as step:
            while len(it.github.sim.accepted) < 3:
                assert step.poll() is None, "it ended before it could be cancelled"
                time.sleep(0.05)
            assert running_containers(tmp_path)
            cancelled = time.monotonic()
            step.send_signal(signal.SIGINT)
            code = step.wait(10)
        took = time.monotonic() - cancelled
        (kept,) = it.github.sim.variables(REPOSITORY).all()
        (attempt,) = it.hook.log.attempts_of(first)
    assert code == 128 + signal.SIGINT
    assert took < 7.5  # then the runner sends SIGTERM
    assert running_containers(tmp_path) == []
    assert int(kept.value) < attempt.delivered_at  # the next run will see all three again
    assert "redelivered-count" in output.read_text()
    assert summary.read_text()
