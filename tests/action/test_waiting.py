"""A program that never answers holds up the step for a bounded time, and a job can be cancelled meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from action.step import ERROR, IMAGE, Runner


@pytest.fixture(name="both")
def _both(both: Runner) -> Iterator[Runner]:
    """The same, and a wait is over in no time."""
    both.hurried = 0.5
    yield both
    for call in both.calls:  # what the test found still running
        if call.name != "sleep":
            with suppress(ProcessLookupError):
                os.kill(call.pid, signal.SIGKILL)


def waits(runner: Runner) -> list[int]:
    """How many seconds the launcher set for each of its waits. It says that it waits after ten of them."""
    slept = [int(call.argv[0]) for call in runner.calls if call.name == "sleep"]
    assert slept[::2] == [10] * len(slept[::2])
    return [10 + left for left in slept[1::2]]


def still_running(runner: Runner, command: str) -> list[int]:
    """The processes of a command that hung, and what it had started."""
    deadline = time.monotonic() + 5  # the kernel may take a moment
    while running := [call.pid for call in runner.calls if command in call.argv and is_running(call.pid)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    return running


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.parametrize("command", ["info", "create", "image"])
def test_auto_is_python_and_docker_an_error_if_the_engine_does_not_answer(both: Runner, command: str) -> None:
    both.hangs = (command,)
    result = both.step(image=IMAGE)
    assert result.returncode == 0
    assert len(both.python_did("redeliver")) == 1
    assert "Still waiting for Docker to answer, for at most " in result.stdout
    assert "Running with the runner's own Python, since Docker did not answer within 30 seconds.\n" in result.stdout
    assert not still_running(both, command)
    assert "Killed" not in result.stdout  # bash's own words
    result = both.step(image=IMAGE, runtime="docker")
    assert result.returncode == 1
    *_, last = result.stdout.splitlines()
    assert last.startswith(f"{ERROR}runtime is docker, but Docker did not answer within 30 seconds. ")
    assert not both.called("run")
    assert len(both.python_did("redeliver")) == 1


def test_engine_has_half_a_minute_for_all_answers(both: Runner) -> None:
    both.hurried, both.slow, both.hangs = 1, 1.5, ("create",)
    both.step(image=IMAGE, runtime="docker")
    first, second = waits(both)
    assert first == 30
    assert second < first


@pytest.mark.parametrize(
    ("command", "what", "seconds", "error"),
    [
        ("pull", "Docker to pull the image", 300, "image could not be pulled"),
        ("build", "Docker to build the image", 600, "image could not be built"),
        ("venv", "Python to make a virtual environment", 120, "packages could not be installed for python3"),
        ("pip", "pip to install packages", 300, "packages could not be installed for python3"),
    ],
)
def test_program_that_hangs_is_ended_and_is_an_error(
    both: Runner, command: str, what: str, seconds: int, error: str
) -> None:
    both.hangs = both.pythons["python3"].hangs = (command,)
    result = both.step(**inputs_for(command))
    assert result.returncode == 1
    assert f"Still waiting for {what}, for at most " in result.stdout
    assert f"| It took longer than {seconds} seconds, and was ended.\n" in result.stdout
    assert f"{ERROR}The action's {error}" in result.stdout
    assert not still_running(both, command)
    assert both.called("run") == both.python_did("redeliver") == []


def inputs_for(command: str) -> dict[str, str]:
    """What leads a step to this command."""
    return {"venv": {"runtime": "python"}, "pip": {"runtime": "python"}, "build": {}}.get(command, {"image": IMAGE})


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("command", ["info", "create", "image", "pull", "build", "venv", "pip"])
def test_waiting_job_can_be_cancelled(both: Runner, command: str, number: signal.Signals, code: int) -> None:
    both.hurried = 0
    both.hangs = both.pythons["python3"].hangs = (command,)
    with both.started(**inputs_for(command)) as step:
        while len([call for call in both.calls if command in call.argv]) < 2:  # it, and what it has started
            assert step.poll() is None, "it ended before it could be cancelled"
            time.sleep(0.02)
        began = time.monotonic()
        step.send_signal(number)
        printed, _ = step.communicate(timeout=20)
        took = time.monotonic() - began
    assert step.returncode == code
    assert took < 7.5  # then the runner sends SIGTERM, and soon after that it kills
    assert printed.endswith(f"Stopped by {number.name} before the action started. Nothing was sent.\n")
    assert not still_running(both, command)
    assert both.called("run") == both.python_did("redeliver") == []


def test_nothing_waits_once_the_action_runs(both: Runner) -> None:
    both.hurried = 0
    began = time.monotonic()
    both.step(image=IMAGE)  # ends when nothing has the step's output open
    assert time.monotonic() - began < 10
