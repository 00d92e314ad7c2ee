"""``python -m redeliver`` as the runner starts it: a process of its own, inputs in its environment, files to write.

Where a test is not about how it starts, or how a signal ends it, the process is forked from one that has started.
"""

from __future__ import annotations

import html
import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from command.program import environment
from githubsim.behaviour import Behaviour
from githubsim.clock import MINUTE, system_ms
from githubsim.faults import Call, Fault
from githubsim.model import SimGitHub
from githubsim.outcomes import Answer, Kind, Outcome
from githubsim.server import serve
from redeliver.errors import BadToken, NotPrinted, NotWritten
from runner import Command, commands, outputs
from wording import figures, says, told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from command.program import Commands, Started
    from githubsim.hooks import Hook

TOKEN = "ghp_0123456789abcdef"
OTHER = "ghp_another"
HOSTILE = (
    "::error::x\n  ::set-output name=a::b\n##[error]y | <script>z</script> [w](javascript:v) @octocat \x1b[31m\u202e"
)
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

    def inputs(self, **changed: str) -> dict[str, str]:
        usual = {
            "org": "octo",
            "hook-id": str(self.hook.id),
            "token": TOKEN,
            "variable-name": "CHECKPOINT",
            "variable-repository": "octo/ops",
            "variable-token": OTHER,
            "wait-for-results": "0",
            "api-url": self.url,
        }
        return usual | {name.replace("_", "-"): value for name, value in changed.items()}

    def start(self, *before: str, **changed: str) -> subprocess.Popen[str]:
        """Start it. ``before`` is what Python runs instead of the module itself."""
        return subprocess.Popen(
            [sys.executable, *(before or ("-m", "redeliver"))],
            env=environment(**self.given(**changed)),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def started(self, known: list[Started], **changed: str) -> Started:
        """The same, forked, and ``known`` before GitHub looks at any of its requests."""
        with self.sim.desk.lock:
            known.append(self.forks.start(given=self.given(**changed), folder=str(self.folder)))
        return known[0]

    def given(self, **changed: str) -> dict[str, str]:
        """What the runner puts into its environment."""
        given = {f"INPUT_{name.upper()}": value for name, value in self.inputs(**changed).items()}
        files = {"GITHUB_OUTPUT": str(self.output), "GITHUB_STEP_SUMMARY": str(self.summary)}
        return {"GITHUB_ACTIONS": "true"} | files | given | self.environment

    def run(self, how: dict[str, str] | None = None, /, **changed: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end. ``how``: what goes wrong, in the words of ``forked``."""
        said = self.forks.run_step(given=self.given(**changed), folder=str(self.folder), **how or {})
        return subprocess.CompletedProcess([], said.code, said.out, said.err)


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


def names(log: str) -> list[str]:
    return [command.name for command in commands(log)]


# -- inputs -----------------------------------------------------------------------------------------------------


def test_unusable_inputs_are_all_named_before_anything_is_asked(step: Step) -> None:
    done = step.run(org="", hook_id="x", lookback="soon", token="ghp_hush hush")
    assert done.returncode == 2
    assert [(one.name, one.data.partition(":")[0]) for one in commands(done.stdout)] == [
        ("error", "org"),
        ("error", "hook-id"),
        ("error", "token"),
        ("error", "lookback"),
    ]
    assert "hush" not in done.stdout
    assert done.stderr == ""
    assert step.sim.journal.entries == []
    assert step.output.read_text() == ""
    assert step.summary.read_text().startswith("## 🔴 ")
    assert "\n\n- org" in step.summary.read_text()
    assert "hush" not in step.summary.read_text()


@pytest.mark.parametrize("given", [True, False])
def test_where_an_input_is_empty_the_runner_says_which_server_and_which_repository_it_is(
    step: Step, *, given: bool
) -> None:
    server = "https://127.0.0.1:9" if given else step.url
    step.environment |= {"GITHUB_API_URL": server, "GITHUB_REPOSITORY": "octo/of-the-workflow"}
    done = step.run(**({} if given else {"api_url": "", "variable_repository": ""}))
    assert done.returncode == 0, done.stdout
    assert step.sim.variables("octo/ops" if given else "octo/of-the-workflow").get("CHECKPOINT")


# -- a run ------------------------------------------------------------------------------------------------------


def test_a_run_sends_what_failed_and_hands_its_results_to_the_runner(step: Step) -> None:
    guid = fail(step)
    done = step.run()
    assert (done.returncode, done.stderr) == (0, "")
    assert [one.guid for one in step.sim.accepted] == [guid]
    told = outputs(step.output)
    assert [told[f"{name}-count"] for name in ("redelivered", "recovered", "failed", "undelivered", "scanned")] == list(
        "10111"
    )
    variable = step.sim.variables("octo/ops").get("CHECKPOINT")
    assert variable
    assert told["checkpoint"] == variable.value
    assert json.loads(told["report"])["hooks"][0]["events"][0]["guid"] == guid
    headline = done.stdout.splitlines()[-1]
    assert figures(headline)[:3] == ["0", "1", "1"]
    assert headline.partition(". ")[0] in step.summary.read_text(encoding="utf-8")
    assert names(done.stdout) == ["add-mask", "add-mask", "group", "endgroup", "warning"]


def test_an_error_is_an_annotation_and_leaves_outputs_and_a_summary_all_the_same(step: Step) -> None:
    done = step.run(token="ghp_wrong")
    assert (done.returncode, done.stderr) == (1, "")
    (error,) = [one for one in commands(done.stdout) if one.name == "error"]
    assert says(BadToken, error.data)
    assert outputs(step.output)["redelivered-count"] == "0"
    assert "The run failed" in step.summary.read_text(encoding="utf-8")


@pytest.mark.parametrize("gone", ["output", "summary"])
def test_results_that_cannot_be_handed_over_fail_the_step_before_anything_is_asked(step: Step, gone: str) -> None:
    fail(step)
    getattr(step, gone).unlink()
    done = step.run()
    assert (done.returncode, done.stderr) == (1, "")
    assert says(NotWritten, commands(done.stdout)[-1].data)
    assert step.sim.journal.entries == []


# -- what a run can do without ----------------------------------------------------------------------------------


def test_the_results_are_there_before_what_the_receiver_answered_is_looked_up(step: Step) -> None:
    guid = fail(step, Outcome("Invalid HTTP Response: 503", 503, answer=Answer((), "no room")))
    before: list[dict[str, str]] = []
    note = Call(lambda: before.append(outputs(step.output)))
    step.sim.faults.add(Fault(note, path="*/deliveries/*", verb="GET"))
    done = step.run(explain="true")
    assert done.returncode == 0, done.stdout
    (known,) = before
    assert known["redelivered-count"] == "1"
    (hook,) = json.loads(known["report"])["hooks"]
    assert ([event["guid"] for event in hook["events"]], hook["explanations"]) == ([guid], [])
    after = outputs(step.output)
    (hook,) = json.loads(after["report"])["hooks"]
    assert hook["explanations"][0]["body"] == "no room"
    assert {name for name in after if after[name] != known[name]} == {"report"}
    assert "no room" in step.summary.read_text(encoding="utf-8")


def test_a_step_that_is_killed_while_looking_up_leaves_its_results_and_has_told_its_errors(step: Step) -> None:
    guid = fail(step, Outcome("Invalid HTTP Response: 503", 503, answer=Answer((), "no room")))
    step.sim.variables("octo/ops").seed("CHECKPOINT", str(system_ms() - 20 * 24 * 60 * MINUTE))
    process: list[Started] = []
    step.sim.faults.add(Fault(Call(lambda: process[0].send_signal(signal.SIGKILL)), path="*/deliveries/*", verb="GET"))
    with step.started(process, explain="true") as one:
        out, _ = one.communicate()
    assert one.returncode == -signal.SIGKILL
    (hook,) = json.loads(outputs(step.output)["report"])["hooks"]
    assert [event["guid"] for event in hook["events"]] == [guid]
    assert "error" in names(out)


def test_errors_and_the_summary_are_told_where_outputs_cannot_be_written(step: Step) -> None:
    # After the run looked at the file, and before it writes to it.
    fail(step)
    step.sim.faults.add(Fault(Call(step.output.unlink), path="*/attempts", when="after"))
    done = step.run()
    assert done.returncode == 1
    assert says(NotWritten, commands(done.stdout)[-1].data)
    assert "warning" in names(done.stdout)
    assert step.summary.read_text(encoding="utf-8").startswith("## ")


# -- a log that nobody takes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("streams", ["", ">&-", ">/dev/full", ">&- 2>&-"])
def test_a_step_without_a_stream_does_its_work_from_the_first_instruction_to_the_last(step: Step, streams: str) -> None:
    guid = fail(step)
    command = ["bash", "-c", f'exec "$@" {streams}', "bash", sys.executable, "-m", "redeliver"]
    done = subprocess.run(
        command, env=environment(**step.given()), cwd=step.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == bool(streams)
    assert [one.guid for one in step.sim.accepted] == [guid]
    assert outputs(step.output)["redelivered-count"] == "1"
    assert step.summary.read_text(encoding="utf-8").startswith("## ")
    assert done.stderr.count("\n") == (">" in streams and "2>&-" not in streams)
    assert "2>&-" in streams or not streams or told(NotPrinted, done.stderr)["stream"] == "standard output"


# -- a bug of ours ----------------------------------------------------------------------------------------------

FAULT = "The action hit an internal error: ZeroDivisionError."
WHERE_TO_REPORT = "Please report it, with this line, at github.com/org/redeliver-action/issues."


def with_a_bug(step: Step, where: str) -> tuple[dict[str, str], str]:
    """What it says and how it ends, which is the same wherever a bug is; gives its outputs and its summary."""
    done = step.run({"breaks": where})
    out = done.stdout
    assert (done.returncode, done.stderr) == (1, "")
    assert [one.data for one in commands(out) if one.name == "error"] == [f"{FAULT} {WHERE_TO_REPORT}"]
    summary = step.summary.read_text(encoding="utf-8")
    assert "ZeroDivisionError" in summary
    for text in (out, summary, step.output.read_text()):
        assert "hush" not in text
        assert "Traceback" not in text
    return outputs(step.output), summary


def test_a_bug_after_something_was_sent_hides_nothing_of_it_and_moves_no_checkpoint(step: Step) -> None:
    guid = fail(step)
    told, summary = with_a_bug(step, "redeliver.run.send.Watch.until_settled")
    assert [one.guid for one in step.sim.accepted] == [guid]
    assert (told["redelivered-count"], told["undelivered-count"]) == ("1", "1")
    assert json.loads(told["report"])["hooks"][0]["errors"] == [f"{FAULT} {WHERE_TO_REPORT}"]
    assert guid in summary.replace("&#8288;", "").replace("&#45;", "-")
    # The one that was written before anything was sent, which is a day ago, and not the end of this run.
    variable = step.sim.variables("octo/ops").get("CHECKPOINT")
    assert variable
    assert int(variable.value) < system_ms() - 23 * 60 * MINUTE


def test_a_bug_before_anything_is_known_leaves_the_report_and_no_count_that_may_be_wrong(step: Step) -> None:
    told, summary = with_a_bug(step, "redeliver.github.hooks.Owner.pick")
    assert list(told) == ["health", "report"]
    assert told["health"] == "unknown"
    report = json.loads(told["report"])
    assert (report["errors"], report["hooks"]) == ([f"{FAULT} {WHERE_TO_REPORT}"], [])
    assert summary == f"## 🔴 {FAULT}\n\n{WHERE_TO_REPORT}\n"


@pytest.mark.parametrize("where", ["markdown", "annotate", "headline", "outputs"])
def test_a_bug_in_what_is_shown_leaves_the_outputs_as_they_are_and_one_in_them_a_report(step: Step, where: str) -> None:
    fail(step)
    told, _ = with_a_bug(step, f"redeliver.entry.step.{where}")
    report = json.loads(told["report"])
    if where == "outputs":
        assert report["errors"] == [f"{FAULT} {WHERE_TO_REPORT}"]
    else:
        assert (told["redelivered-count"], told["undelivered-count"]) == ("1", "1")
        assert len(report["hooks"][0]["events"]) == 1


@pytest.mark.parametrize("where", ["parse", "workflow.read_inputs", "workflow.check_files", "connector", "Session"])
def test_a_bug_at_the_very_beginning_is_told_as_any_other(step: Step, where: str) -> None:
    _, summary = with_a_bug(step, f"redeliver.entry.step.{where}")
    assert FAULT in summary


# -- secrets ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [TOKEN, "ghp_wrong"])
def test_a_token_is_masked_first_of_all_and_shown_nowhere_else(step: Step, token: str) -> None:
    fail(step)
    step.environment["RUNNER_DEBUG"] = "1"
    done = step.run(token=token)
    masks = [Command("add-mask", token), Command("add-mask", OTHER)]
    assert commands("\n".join(done.stdout.splitlines()[:2])) == masks
    rest = "\n".join(done.stdout.splitlines()[2:])
    for secret in (token, OTHER):
        assert secret not in rest + done.stderr
        assert secret not in step.output.read_text() + step.summary.read_text(encoding="utf-8")


# -- what strangers wrote ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dry_run", ["true", "false"])
def test_nothing_hostile_is_a_command_or_markup_anywhere(step: Step, dry_run: str) -> None:
    hostile = Outcome(f"POST {URL} giving up {HOSTILE}", 500)
    for kind in (Kind(HOSTILE, HOSTILE), Kind("::error::push"), Kind("push", "##[error]"), Kind(URL, URL)):
        fail(step, hostile, kind)
    step.sim.stub.fail_with(hostile)
    done = step.run(dry_run=dry_run)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(names(done.stdout)) <= {"add-mask", "group", "endgroup", "warning"}
    summary = step.summary.read_text(encoding="utf-8")
    told = outputs(step.output)
    for text in (done.stdout, step.output.read_text(), summary):
        assert "hush" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "##[" not in text
    assert len(json.loads(told["report"])["hooks"][0]["events"]) == 4
    shown = MarkdownIt("gfm-like").render(summary)
    assert "<script" not in shown
    assert "javascript:" not in "".join(part.split('"')[0] for part in shown.split('href="')[1:])
    assert "<script>z</script>" in html.unescape(shown).replace("\u2060", "")


@pytest.mark.parametrize("quoted", ["'{}'", '"{}"', "{}"], ids=["single", "double", "bare"])
def test_a_careless_echo_of_the_report_runs_nothing_that_a_stranger_wrote(step: Step, quoted: str) -> None:
    run = "touch stranger"
    for name in (f"'; {run}; '", f"`{run}`", f"$({run})", f'"; {run}; "', f"x; {run} #", f"x & {run} &", f"x | {run}"):
        fail(step, kind=Kind(name, name))
    fail(step, kind=Kind("> stranger", "< /dev/null"))
    assert step.run(redeliveries_per_minute="100000").returncode == 0
    report = outputs(step.output)["report"]
    assert len(json.loads(report)["hooks"][0]["events"]) == 8
    script = step.folder / "careless.sh"
    script.write_text(f"echo {quoted.format(report)}\n")
    subprocess.run(["bash", str(script)], check=True, cwd=step.folder, stdout=subprocess.DEVNULL)
    assert not (step.folder / "stranger").exists()


# -- being stopped ----------------------------------------------------------------------------------------------

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
def test_a_signal_while_it_starts_ends_it_quietly(step: Step, module: str, number: signal.Signals) -> None:
    program = _INTERRUPT_WHEN_IMPORTING.format(module=module, number=int(number))
    with step.start("-c", program) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == -number
    assert (out, err) == ("", "")


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("*/deliveries", signal.SIGINT),
        ("*/attempts", signal.SIGINT),
        ("*/attempts", signal.SIGTERM),
        ("*/actions/variables/*", signal.SIGINT),
    ],
)
def test_a_signal_in_mid_run_is_met_with_order(step: Step, number: signal.Signals, path: str) -> None:
    guids = {fail(step) for _ in range(3)}
    process: list[Started] = []
    step.sim.faults.add(Fault(Call(lambda: process[0].send_signal(number)), path=path, when="before"))
    with step.started(process) as one:
        out, err = one.communicate()
    assert one.returncode == 128 + number
    assert "Traceback" not in out + err
    assert err == ""
    assert "stopped" in step.summary.read_text(encoding="utf-8")
    posted = [entry.path for entry in step.sim.journal.of("POST", "/attempts")]
    assert len(posted) == len(set(posted)) <= 1
    assert {one.guid for one in step.sim.accepted} <= guids
