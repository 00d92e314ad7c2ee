"""``python -m redeliver`` as the runner starts it: inputs in its environment, files to write, streams and signals.

Where a test is not about how a process starts and ends, the program runs in this one, on virtual time.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from command.program import environment
from githubsim.behaviour import Behaviour
from githubsim.clock import HOUR, MINUTE, system_ms
from githubsim.faults import Call, Fault
from githubsim.hooks import Hook
from githubsim.model import SimGitHub
from githubsim.outcomes import UNAVAILABLE, Answer
from githubsim.server import serve
from redeliver.errors import NotPrinted, NotWritten
from runner import Command, commands, outputs
from step import Done, as_variables, run_step
from wording import says, told
from world import World

TOKEN = "ghp_0123456789abcdef"


@dataclass
class Step:
    """One step of a job with a failed event: where it runs, and the GitHub it talks to."""

    folder: Path
    sim: SimGitHub
    hook: Hook
    url: str

    def __post_init__(self) -> None:
        self.output, self.summary = self.folder / "output", self.folder / "summary.md"
        self.output.touch()
        self.summary.touch()
        self.guid = self.hook.add(system_ms() - 5 * MINUTE, UNAVAILABLE).guid

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run it in a process of its own. What its inputs leave open is the runner's server and repository."""
        inputs = {
            "org": "octo",
            "hook-id": str(self.hook.id),
            "token": TOKEN,
            "variable-name": "CHECKPOINT",
            "wait-for-results": "0",
        }
        given = {"GITHUB_OUTPUT": str(self.output), "GITHUB_STEP_SUMMARY": str(self.summary), "GITHUB_ACTIONS": "true"}
        given |= {"GITHUB_API_URL": self.url, "GITHUB_REPOSITORY": "octo/of-the-workflow"} | as_variables(inputs)
        asked = command or (sys.executable, "-m", "redeliver")
        return subprocess.run(
            asked, env=environment(**given), cwd=self.folder, capture_output=True, text=True, check=False
        )


@pytest.fixture
def step(tmp_path: Path) -> Iterator[Step]:
    sim = SimGitHub(system_ms, behaviour=Behaviour(redelivery_ms=0, appears_ms=0))
    sim.token(TOKEN)
    hook = sim.org_hook("octo")
    with serve(sim) as served:
        yield Step(tmp_path, sim, hook, served.url)


@pytest.mark.parametrize("gone", ["output", "summary"])
def test_missing_file_of_the_runner_fails_the_step_before_any_request(step: Step, gone: str) -> None:
    getattr(step, gone).unlink()
    done = step.run()
    assert (done.returncode, done.stderr) == (1, "")
    assert says(NotWritten, commands(done.stdout)[-1].data)
    assert step.sim.journal.entries == []


def test_failure_to_write_outputs_leaves_annotations_and_summary(step: Step) -> None:
    # After the run looked at the file, and before it writes to it.
    step.sim.faults.add(Fault(Call(step.output.unlink), path="*/attempts", when="after"))
    done = step.run()
    assert done.returncode == 1
    assert says(NotWritten, commands(done.stdout)[-1].data)
    assert "warning" in [command.name for command in commands(done.stdout)]
    assert step.summary.read_text(encoding="utf-8").startswith("## ")


@pytest.mark.parametrize("streams", ["", ">&-", ">/dev/full", ">&- 2>&-"])
def test_step_without_a_stream_does_all_its_work(step: Step, streams: str) -> None:
    done = step.run("bash", "-c", f'exec "$@" {streams}', "bash", sys.executable, "-m", "redeliver")
    assert done.returncode == bool(streams)
    assert [one.guid for one in step.sim.accepted] == [step.guid]
    assert outputs(step.output)["redelivered-count"] == "1"
    assert "CHECKPOINT" in step.sim.variables("octo/of-the-workflow")
    assert step.summary.read_text(encoding="utf-8").startswith("## ")
    assert done.stderr.count("\n") == (">" in streams and "2>&-" not in streams)
    assert "2>&-" in streams or not streams or told(NotPrinted, done.stderr)["stream"] == "standard output"


_INTERRUPT_WHEN_IMPORTING = """
import os, runpy, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), {number})
sys.meta_path.insert(0, Finder())
sys.argv[:] = ["redeliver"]
runpy.run_module("redeliver", run_name="__main__")
"""


@pytest.mark.parametrize(
    ("module", "number"), [("redeliver.entry.step", signal.SIGINT), ("github", signal.SIGTERM)], ids=["early", "late"]
)
def test_signal_during_start_up_ends_the_step_quietly(step: Step, module: str, number: signal.Signals) -> None:
    program = _INTERRUPT_WHEN_IMPORTING.format(module=module, number=int(number))
    done = step.run(sys.executable, "-c", program)
    assert (done.returncode, done.stdout, done.stderr) == (-number, "", "")


# -- in this process ----------------------------------------------------------------------------------------------


def test_outputs_are_written_before_responses_are_looked_up() -> None:
    world = World()
    guid = world.fail(5, UNAVAILABLE._replace(answer=Answer((), "no room")))
    before: list[dict[str, str]] = []
    note = Call(lambda: before.append(outputs(Path(os.environ["GITHUB_OUTPUT"]))))
    world.sim.faults.add(Fault(note, path="*/deliveries/*", verb="GET"))
    done = run_step(world, explain="true", wait_for_results="0")
    (known,) = before
    (hook,) = json.loads(known["report"])["hooks"]
    assert ([event["guid"] for event in hook["events"]], hook["explanations"]) == ([guid], [])
    assert {name for name in done.outputs if done.outputs[name] != known[name]} == {"report"}
    (hook,) = json.loads(done.outputs["report"])["hooks"]
    assert hook["explanations"][0]["body"] == "no room"


FAULT = "The action hit an internal error: ZeroDivisionError."
WHERE_TO_REPORT = "Please report it, with this line, at github.com/org/redeliver-action/issues."
BUG = f"{FAULT} {WHERE_TO_REPORT}"


def with_a_bug(where: str, **inputs: str) -> tuple[World, Done]:
    """A step that has a bug there, which says the same wherever that is."""
    world = World()
    world.fail(5)
    with mock.patch(where, side_effect=ZeroDivisionError("ghp_hush\n::error::https://hush.example/")):
        done = run_step(world, **inputs)
    assert done.code == 1
    assert [one.data for one in commands(done.log) if one.name == "error"] == [BUG]
    assert "ZeroDivisionError" in done.summary
    for text in (done.log, done.summary, str(done.outputs)):
        assert "hush" not in text
        assert "Traceback" not in text
    return world, done


def test_bug_after_sending_reports_what_was_sent_and_keeps_the_checkpoint() -> None:
    world, done = with_a_bug("redeliver.run.send.Sender.watch")
    assert len(world.sent) == 1
    assert (done.outputs["redelivered-count"], done.outputs["undelivered-count"]) == ("1", "1")
    assert json.loads(done.outputs["report"])["hooks"][0]["errors"] == [BUG]
    assert world.sent[0] in done.summary.replace("&#8288;", "").replace("&#45;", "-")
    # The one that was written before anything was sent, which is a day ago, and not the end of this run.
    assert int(world.checkpoint or 0) < world.clock() - 23 * HOUR


def test_bug_before_the_run_writes_a_report_without_counts() -> None:
    _, done = with_a_bug("redeliver.github.hooks.Owner.pick")
    assert list(done.outputs) == ["health", "report"]
    assert done.outputs["health"] == "unknown"
    report = json.loads(done.outputs["report"])
    assert (report["errors"], report["hooks"]) == ([BUG], [])
    assert done.summary == f"## 🔴 {FAULT}\n\n{WHERE_TO_REPORT}\n"


@pytest.mark.parametrize("where", ["explain", "markdown", "annotate", "headline", "outputs"])
def test_bug_in_the_presentation_keeps_the_outputs(where: str) -> None:
    _, done = with_a_bug(f"redeliver.entry.step.{where}", wait_for_results="0")
    report = json.loads(done.outputs["report"])
    # What may take long, or fail, comes after the annotations.
    assert ("warning" in [one.name for one in commands(done.log)]) is (where in {"explain", "markdown", "headline"})
    if where == "outputs":
        assert report["errors"] == [BUG]
    else:
        assert done.outputs["redelivered-count"] == "1"
        assert len(report["hooks"][0]["events"]) == 1


@pytest.mark.parametrize("where", ["parse", "workflow.read_inputs", "workflow.check_files", "open_session"])
def test_bug_at_the_start_is_reported_as_any_other(where: str) -> None:
    _, done = with_a_bug(f"redeliver.entry.step.{where}")
    assert FAULT in done.summary


@pytest.mark.parametrize("token", [TOKEN, "ghp_wrong"])
def test_token_is_masked_first_and_shown_nowhere_else(token: str) -> None:
    world = World()
    for known in (TOKEN, "ghp_another"):
        world.sim.token(known)
    world.fail(5)
    done = run_step(world, token=token, variable_token="ghp_another")
    lines = done.log.splitlines()
    assert commands("\n".join(lines[:2])) == [Command("add-mask", token), Command("add-mask", "ghp_another")]
    for secret in (token, "ghp_another"):
        assert secret not in "\n".join(lines[2:]) + done.summary + str(done.outputs)
