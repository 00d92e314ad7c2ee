"""``python -m redeliver`` as the runner starts it: a process of its own, inputs in its environment, files to write.

Where a test is not about how it starts, or how a signal ends it, the process is forked from one that has started.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from command.program import environment
from githubsim.behaviour import Behaviour
from githubsim.clock import MINUTE, system_ms
from githubsim.faults import Call, Fault
from githubsim.model import SimGitHub
from githubsim.outcomes import Answer, Kind, Outcome
from githubsim.server import serve
from redeliver.errors import NotPrinted, NotWritten
from runner import Command, commands, outputs
from step import as_variables
from wording import says, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from command.program import Commands, Said, Started
    from githubsim.hooks import Hook

TOKEN = "ghp_0123456789abcdef"
OTHER = "ghp_another"
URL = "https://user:hush@hooks.example/in?token=hush"


@dataclass
class Step:
    """One step of a job: where it runs, and the GitHub it talks to."""

    folder: Path
    sim: SimGitHub
    hook: Hook
    url: str
    forks: Commands
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.output, self.summary = self.folder / "output", self.folder / "summary.md"
        self.output.touch()
        self.summary.touch()

    def given(self, **changed: str) -> dict[str, str]:
        """What the runner puts into its environment."""
        inputs = {
            "org": "octo",
            "hook-id": str(self.hook.id),
            "token": TOKEN,
            "variable-name": "CHECKPOINT",
            "variable-repository": "octo/ops",
            "variable-token": OTHER,
            "wait-for-results": "0",
            "api-url": self.url,
        } | {name.replace("_", "-"): value for name, value in changed.items()}
        files = {"GITHUB_OUTPUT": str(self.output), "GITHUB_STEP_SUMMARY": str(self.summary)}
        return {"GITHUB_ACTIONS": "true"} | files | as_variables(inputs) | self.environment

    def run(self, breaks: str = "", **changed: str) -> Said:
        """Run it to its end. ``breaks``: where a bug is."""
        how = {"breaks": breaks} if breaks else {}
        return self.forks.run_step(given=self.given(**changed), folder=str(self.folder), **how)

    def run_new(self, *command: str) -> subprocess.CompletedProcess[str]:
        """The same with this command, in a process that imports everything anew."""
        return subprocess.run(
            command, env=environment(**self.given()), cwd=self.folder, capture_output=True, text=True, check=False
        )


@pytest.fixture
def step(tmp_path: Path, forks: Commands) -> Iterator[Step]:
    sim = SimGitHub(system_ms, behaviour=Behaviour(redelivery_ms=0, appears_ms=0))
    sim.token(TOKEN)
    sim.token(OTHER)
    hook = sim.org_hook("octo", url=URL)
    with serve(sim) as served:
        yield Step(tmp_path, sim, hook, served.url, forks)


def fail(step: Step, outcome: Outcome | None = None, kind: Kind | None = None) -> str:
    at = system_ms() - 5 * MINUTE
    return step.hook.add(at, outcome or Outcome("Invalid HTTP Response: 503", 503), kind=kind).guid


@pytest.mark.parametrize("given", [True, False])
def test_empty_inputs_stand_for_the_runners_server_and_repository(step: Step, *, given: bool) -> None:
    server = "https://127.0.0.1:9" if given else step.url
    step.environment |= {"GITHUB_API_URL": server, "GITHUB_REPOSITORY": "octo/of-the-workflow"}
    done = step.run(**({} if given else {"api_url": "", "variable_repository": ""}))
    assert done.code == 0, done.out
    assert step.sim.variables("octo/ops" if given else "octo/of-the-workflow").get("CHECKPOINT")


@pytest.mark.parametrize("gone", ["output", "summary"])
def test_missing_file_of_the_runner_fails_the_step_before_any_request(step: Step, gone: str) -> None:
    fail(step)
    getattr(step, gone).unlink()
    done = step.run()
    assert (done.code, done.err) == (1, "")
    assert says(NotWritten, commands(done.out)[-1].data)
    assert step.sim.journal.entries == []


def test_outputs_are_written_before_responses_are_looked_up(step: Step) -> None:
    guid = fail(step, Outcome("Invalid HTTP Response: 503", 503, answer=Answer((), "no room")))
    before: list[dict[str, str]] = []
    note = Call(lambda: before.append(outputs(step.output)))
    step.sim.faults.add(Fault(note, path="*/deliveries/*", verb="GET"))
    done = step.run(explain="true")
    assert done.code == 0, done.out
    (known,) = before
    assert known["redelivered-count"] == "1"
    (hook,) = json.loads(known["report"])["hooks"]
    assert ([event["guid"] for event in hook["events"]], hook["explanations"]) == ([guid], [])
    after = outputs(step.output)
    (hook,) = json.loads(after["report"])["hooks"]
    assert hook["explanations"][0]["body"] == "no room"
    assert {name for name in after if after[name] != known[name]} == {"report"}
    assert "no room" in step.summary.read_text(encoding="utf-8")


def test_step_killed_while_looking_up_leaves_outputs_and_annotations(step: Step) -> None:
    guid = fail(step, Outcome("Invalid HTTP Response: 503", 503, answer=Answer((), "no room")))
    step.sim.variables("octo/ops").seed("CHECKPOINT", str(system_ms() - 20 * 24 * 60 * MINUTE))
    process: list[Started] = []
    step.sim.faults.add(Fault(Call(lambda: process[0].send_signal(signal.SIGKILL)), path="*/deliveries/*", verb="GET"))
    with step.sim.desk.lock:  # until the process is known, GitHub looks at none of its requests
        process.append(step.forks.start(given=step.given(explain="true"), folder=str(step.folder)))
    with process[0] as one:
        out, _ = one.communicate()
    assert one.returncode == -signal.SIGKILL
    (hook,) = json.loads(outputs(step.output)["report"])["hooks"]
    assert [event["guid"] for event in hook["events"]] == [guid]
    assert "error" in [command.name for command in commands(out)]


def test_failure_to_write_outputs_leaves_annotations_and_summary(step: Step) -> None:
    # After the run looked at the file, and before it writes to it.
    fail(step)
    step.sim.faults.add(Fault(Call(step.output.unlink), path="*/attempts", when="after"))
    done = step.run()
    assert done.code == 1
    assert says(NotWritten, commands(done.out)[-1].data)
    assert "warning" in [command.name for command in commands(done.out)]
    assert step.summary.read_text(encoding="utf-8").startswith("## ")


@pytest.mark.parametrize("streams", ["", ">&-", ">/dev/full", ">&- 2>&-"])
def test_step_without_a_stream_does_all_its_work(step: Step, streams: str) -> None:
    guid = fail(step)
    done = step.run_new("bash", "-c", f'exec "$@" {streams}', "bash", sys.executable, "-m", "redeliver")
    assert done.returncode == bool(streams)
    assert [one.guid for one in step.sim.accepted] == [guid]
    assert outputs(step.output)["redelivered-count"] == "1"
    assert step.summary.read_text(encoding="utf-8").startswith("## ")
    assert done.stderr.count("\n") == (">" in streams and "2>&-" not in streams)
    assert "2>&-" in streams or not streams or told(NotPrinted, done.stderr)["stream"] == "standard output"


FAULT = "The action hit an internal error: ZeroDivisionError."
WHERE_TO_REPORT = "Please report it, with this line, at github.com/org/redeliver-action/issues."
BUG = f"{FAULT} {WHERE_TO_REPORT}"


def with_a_bug(step: Step, where: str) -> tuple[dict[str, str], str]:
    """What it says and how it ends, which is the same wherever a bug is; gives its outputs and its summary."""
    done = step.run(where)
    assert (done.code, done.err) == (1, "")
    assert [one.data for one in commands(done.out) if one.name == "error"] == [BUG]
    summary = step.summary.read_text(encoding="utf-8")
    assert "ZeroDivisionError" in summary
    for text in (done.out, summary, step.output.read_text()):
        assert "hush" not in text
        assert "Traceback" not in text
    return outputs(step.output), summary


def test_bug_after_sending_reports_what_was_sent_and_keeps_the_checkpoint(step: Step) -> None:
    guid = fail(step)
    told, summary = with_a_bug(step, "redeliver.run.send.Sender.watch")
    assert [one.guid for one in step.sim.accepted] == [guid]
    assert (told["redelivered-count"], told["undelivered-count"]) == ("1", "1")
    assert json.loads(told["report"])["hooks"][0]["errors"] == [BUG]
    assert guid in summary.replace("&#8288;", "").replace("&#45;", "-")
    # The one that was written before anything was sent, which is a day ago, and not the end of this run.
    variable = step.sim.variables("octo/ops").get("CHECKPOINT")
    assert variable
    assert int(variable.value) < system_ms() - 23 * 60 * MINUTE


def test_bug_before_the_run_writes_a_report_without_counts(step: Step) -> None:
    told, summary = with_a_bug(step, "redeliver.github.hooks.Owner.pick")
    assert list(told) == ["health", "report"]
    assert told["health"] == "unknown"
    report = json.loads(told["report"])
    assert (report["errors"], report["hooks"]) == ([BUG], [])
    assert summary == f"## 🔴 {FAULT}\n\n{WHERE_TO_REPORT}\n"


@pytest.mark.parametrize("where", ["markdown", "annotate", "headline", "outputs"])
def test_bug_in_the_presentation_keeps_the_outputs(step: Step, where: str) -> None:
    fail(step)
    told, _ = with_a_bug(step, f"redeliver.entry.step.{where}")
    report = json.loads(told["report"])
    if where == "outputs":
        assert report["errors"] == [BUG]
    else:
        assert (told["redelivered-count"], told["undelivered-count"]) == ("1", "1")
        assert len(report["hooks"][0]["events"]) == 1


@pytest.mark.parametrize("where", ["parse", "workflow.read_inputs", "workflow.check_files", "connector", "Session"])
def test_bug_at_the_start_is_reported_as_any_other(step: Step, where: str) -> None:
    _, summary = with_a_bug(step, f"redeliver.entry.step.{where}")
    assert FAULT in summary


@pytest.mark.parametrize("token", [TOKEN, "ghp_wrong"])
def test_token_is_masked_first_and_shown_nowhere_else(step: Step, token: str) -> None:
    fail(step)
    step.environment["RUNNER_DEBUG"] = "1"
    done = step.run(token=token)
    masks = [Command("add-mask", token), Command("add-mask", OTHER)]
    assert commands("\n".join(done.out.splitlines()[:2])) == masks
    rest = "\n".join(done.out.splitlines()[2:])
    for secret in (token, OTHER):
        assert secret not in rest + done.err
        assert secret not in step.output.read_text() + step.summary.read_text(encoding="utf-8")


@pytest.mark.parametrize("quoted", ["'{}'", '"{}"', "{}"], ids=["single", "double", "bare"])
def test_echo_of_the_report_output_runs_nothing(step: Step, quoted: str) -> None:
    run = "touch stranger"
    for name in (f"'; {run}; '", f"`{run}`", f"$({run})", f'"; {run}; "', f"x; {run} #", f"x & {run} &", f"x | {run}"):
        fail(step, kind=Kind(name, name))
    fail(step, kind=Kind("> stranger", "< /dev/null"))
    assert step.run(redeliveries_per_minute="100000").code == 0
    report = outputs(step.output)["report"]
    assert len(json.loads(report)["hooks"][0]["events"]) == 8
    script = step.folder / "careless.sh"
    script.write_text(f"echo {quoted.format(report)}\n")
    subprocess.run(["bash", str(script)], check=True, cwd=step.folder, stdout=subprocess.DEVNULL)
    assert not (step.folder / "stranger").exists()


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
    ("module", "number"),
    [("redeliver.entry.step", signal.SIGINT), ("github", signal.SIGINT), ("github", signal.SIGTERM)],
)
def test_signal_during_start_up_ends_the_step_quietly(step: Step, module: str, number: signal.Signals) -> None:
    program = _INTERRUPT_WHEN_IMPORTING.format(module=module, number=int(number))
    done = step.run_new(sys.executable, "-c", program)
    assert (done.returncode, done.stdout, done.stderr) == (-number, "", "")
