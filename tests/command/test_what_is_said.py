"""What a run on a server says: text and JSON, exit codes, no secret, nothing that acts on a terminal or a runner."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from command.keys import key_pair
from command.program import REDELIVER, TOKEN, Commands, Said, Server, Started, at_a_terminal, environment, server
from githubsim.faults import Call, Fault, json_answer
from githubsim.outcomes import UNAVAILABLE
from redeliver import __version__
from redeliver.core.facts import Fact, FactKind
from redeliver.documents import entry
from redeliver.errors import MissingPermission, Unexpected
from wording import says

# -- exit codes and formats -------------------------------------------------------------------------------------


def test_text_names_every_event_and_ends_with_a_headline(here: Server) -> None:
    guid = here.live.fail()
    said = here.run("--wait-for-results", "5s", code=0)
    header, row, *_ = said.out.splitlines()
    assert re.split(r"  +", header.strip()) == [
        *("Outcome", "Event", "Since (UTC)", "Cause", "Attempts", "GUID", "Delivery id")
    ]
    outcome, name, _, cause, attempts, found, delivery = re.split(r"  +", row.strip())
    assert (name, cause, attempts, outcome, found) == ("push", "HTTP 503", "1", "recovered", guid)
    assert int(delivery) in {attempt.id for attempt in here.hook.log.attempts_of(guid)}
    assert len(said.out.splitlines()[-1].split()) > 2
    assert f"Redeliver {__version__} · hook {here.hook.id} → " in said.err
    assert f"{guid} (first failed " in said.err
    assert "\x1b" not in said.everything  # a pipe is no terminal


def test_error_is_printed_and_fails_the_run_unless_fail_on_is_never(here: Server) -> None:
    here.live.sim.faults.add(Fault(json_answer(403, "no"), path="*/deliveries", times=None))
    said = here.run(code=1)
    *_, error, address = said.err.splitlines()
    assert error.startswith("error: ")
    assert says(MissingPermission, error)
    assert address == f"  {entry(MissingPermission(what='', message='', needed=''))}"
    assert says(MissingPermission, here.run("--format", "json", code=1).json["errors"][0])
    assert here.run("--fail-on", "never", code=0).err.splitlines()[-2].startswith("error: ")


@pytest.mark.parametrize("command", ["hooks", "show 0b989ba4-242f-11e5-81e1-c7b6966d2516", "replay --from 1h"])
def test_signal_ends_every_command_with_its_code_and_no_traceback(here: Server, command: str) -> None:
    process: list[Started] = []
    stop = Call(lambda: process[0].send_signal(signal.SIGINT))
    here.live.sim.faults.add(Fault(stop, path="*/deliveries"))
    here.served.door.latency_ms = 400
    with here.started(process, *command.split(), *here.flags(state=False)) as one:
        out, err = one.communicate()
    assert one.returncode == 128 + signal.SIGINT
    assert "Traceback" not in err
    assert command.startswith("replay") or out == ""


def test_signal_ends_a_run_with_its_checkpoint_kept(here: Server) -> None:
    number = signal.SIGTERM
    here.live.fail()
    process: list[Started] = []
    here.live.sim.faults.add(Fault(Call(lambda: process[0].send_signal(number)), path="*/attempts", when="after"))
    with here.started(process, "run", *here.flags(), "--format", "json") as one:
        out, err = one.communicate()
    assert one.returncode == 128 + number
    (hook,) = Said(one.returncode, out, err).json["hooks"]
    assert hook["checkpoint"] == here.kept[here.key(here.hook)]
    assert f"warning: {Fact(FactKind.STOPPED, {'number': number.value})}" in err


def test_quiet_run_prints_errors_alone(here: Server) -> None:
    here.live.fail()
    for form in ("-q", "--quiet"):
        assert here.run(form, "--wait-for-results", "5s", code=0).everything == ""
    assert here.run("-q", "--format", "json", code=0).json["hooks"][0]["failed"] == 0
    here.live.sim.faults.add(Fault(json_answer(403, "no"), path="*/deliveries", times=None))
    said = here.run("-q", code=1)
    assert said.out == ""
    assert [line.partition(":")[0] for line in said.err.splitlines()] == ["error", "  https"]


def test_unexpected_exception_is_reported_by_its_type_alone(here: Server) -> None:
    for command in (here.run, here.hooks):
        said = command(code=1, hook_id="1", breaks="redeliver.github.session.Session.choose")
        assert said.out == ""
        assert said.err.startswith(f"error: {Unexpected(kind='ZeroDivisionError')}\n")


# -- what must never be said ------------------------------------------------------------------------------------


@pytest.mark.parametrize("credential", ["fine-grained", "app"])
def test_no_secret_is_printed_or_on_the_command_line(tmp_path: Path, forks: Commands, credential: str) -> None:
    seen: list[bytes] = []
    process: list[subprocess.Popen[str]] = []

    def look() -> None:
        seen.append(Path(f"/proc/{process[0].pid}/cmdline").read_bytes())

    with server(tmp_path, forks, "organization", "app" if credential == "app" else "fine-grained") as here:
        here.live.fail()
        here.live.sim.faults.add(Fault(Call(look), path="*/deliveries"))
        command = [*REDELIVER, "run", *here.flags(), "--verbose", "--wait-for-results", "0"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment()
        ) as one:
            process.append(one)
            out, _ = one.communicate(timeout=30)
        assert one.returncode == 0
        minted = [value for value in here.live.sim.tokens._by_value if value.startswith("ghs_")]
    assert len(seen) == 1
    assert b"--state-file" in seen[0]
    for secret in (TOKEN, *minted, *key_pair().private.splitlines()[1:-1]):
        assert secret not in out
        assert secret.encode() not in seen[0]


def test_secret_in_an_address_or_a_status_is_not_printed(here: Server) -> None:
    here.hook.url = "https://user:hunter2@hooks.example/in"
    told = f"POST {here.hook.url} giving up after 1 attempt(s): context deadline exceeded"
    here.hook.add(here.live.sim.clock() - 60_000, UNAVAILABLE._replace(status=told, status_code=500))
    assert "hunter2" not in here.run("--verbose", code=0).everything
    assert "hunter2" not in here.run("--format", "json", code=0).everything


# -- a person at a terminal -------------------------------------------------------------------------------------


def test_terminal_shows_progress_and_readable_lines(here: Server) -> None:
    here.live.fail()
    here.served.door.latency_ms = 150
    terminal = at_a_terminal("run", *here.flags(), "--wait-for-results", "5s", given={"TERM": "xterm-256color"})
    assert terminal.end() == 0
    raw = terminal.shown
    assert "⠋" in raw  # the spinner's first picture
    assert raw.count("\x1b[?25h") >= raw.count("\x1b[?25l") >= 1  # the cursor is given back
    lines = [line.rstrip() for line in terminal.text.replace("\r", "\n").splitlines()]
    assert any(f"hook {here.hook.id} → " in line for line in lines)
    assert "Recovered: 1 event" in lines
    assert "Send      1 of 1 · 1 delivered · 0 failed" in lines


def test_terminal_is_restored_after_an_error(here: Server) -> None:
    here.live.sim.faults.add(Fault(json_answer(403, "no"), path="*/deliveries", times=None))
    terminal = at_a_terminal("run", *here.flags(), given={"TERM": "xterm"})
    assert terminal.end() == 1
    assert "error: " in terminal.text
    assert terminal.shown.count("\x1b[?25h") >= terminal.shown.count("\x1b[?25l")


# -- systemd's journal ------------------------------------------------------------------------------------------


def logged(here: Server, *arguments: str, connected: bool) -> list[str]:
    """The lines of the standard error stream of a command whose stream is the journal's, or is said to be another."""
    with (here.folder / "journal").open("w+") as stream:
        status = os.fstat(stream.fileno())
        journal = f"{status.st_dev}:{status.st_ino if connected else status.st_ino + 1}"
        here.commands.run(*arguments, given={"JOURNAL_STREAM": journal}, err=stream.name, out=os.devnull)
        stream.seek(0)
        return stream.read().splitlines()


@pytest.mark.parametrize(("connected", "priority"), [(True, "<3>"), (False, "")])
def test_errors_have_a_priority_in_the_journal_alone(here: Server, *, connected: bool, priority: str) -> None:
    fine = logged(here, "run", *here.flags(), connected=connected)
    here.file("token").write_text("ghp_revoked")
    failed = logged(here, "run", *here.flags(), connected=connected)
    wrong = logged(here, "run", *here.flags(), "--lookback", "soon", connected=connected)
    gone = logged(here, "hooks", *here.flags(state=False), connected=connected)
    for lines in (failed, wrong, gone):
        assert lines[-2].startswith(f"{priority}error: ")
        assert lines[-1].startswith(f"{priority}  https://")
    assert fine
    assert not [line for line in fine if line.startswith("<")]
    here.file("token").write_text(TOKEN)
    here.live.sim.stub.fail_with(UNAVAILABLE)
    for minutes in range(5):
        here.live.fail(minutes)
    lines = logged(here, "run", *here.flags(), "--wait-for-results", "5s", connected=connected)
    assert [line.partition("w")[0] for line in lines if "warning: " in line] == ["<4>" if connected else ""]
