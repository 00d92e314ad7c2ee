"""What is printed may be lost, and nothing else is: the work is done, and what was not printed is told at the end."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from itertools import cycle

import pytest

from command.program import REDELIVER, Server, environment
from githubsim.outcomes import UNAVAILABLE, Kind
from redeliver.errors import NotPrinted
from wording import told

pytestmark = pytest.mark.slow

NOTHING_TAKES_IT = ["/dev/full", "gone"]
COMMANDS = ["run", "run --format json", "hooks", "hooks --format matrix", "show", "replay"]


def start(arguments: list[str], streams: str, given: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A process of its own, whose streams a shell opens: also how the interpreter begins and ends is as on a server."""
    command = ["sh", "-c", f'exec "$@" {streams}', "sh", *REDELIVER, *arguments]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=60, env=environment(**given or {})
    )


def line(text: str) -> dict[str, str]:
    """The one line that says what was not printed."""
    (said,) = [one for one in text.splitlines() if "could be printed to" in one]
    assert said.startswith("error: ")
    return told(NotPrinted, said)


# -- from the interpreter's first instruction to its last -------------------------------------------------------


@pytest.mark.parametrize(
    ("streams", "left"),
    [
        (">&-", "stderr"),
        ("2>&-", "stdout"),
        ("<&- >&- 2>&-", None),
        (">/dev/full 2>/dev/full", None),
    ],
)
def test_run_does_its_work_whatever_becomes_of_its_streams(here: Server, streams: str, left: str | None) -> None:
    here.live.fail()
    done = start(["run", *here.flags(), "--wait-for-results", "0"], streams)
    assert done.returncode == 1
    assert len(here.live.sent) == 1
    assert list(here.kept) == [here.key(here.hook)]
    # The system gives a new file the lowest number that is free: that of a stream that is closed.
    assert here.state.with_name(here.state.name + ".lock").read_text() == ""
    if left:
        assert line(getattr(done, left))["stream"] == {"stdout": "standard error", "stderr": "standard output"}[left]
    assert "Traceback" not in done.stdout + done.stderr


def test_help_that_cannot_be_printed_is_an_error() -> None:
    done = start(["--help"], ">&-")
    assert done.returncode == 1
    assert line(done.stderr)["stream"] == "standard output"


def test_reader_that_leaves_ends_no_run(here: Server) -> None:
    for _ in range(3):
        here.live.fail()
    process = subprocess.Popen(
        [*REDELIVER, "run", *here.flags(), "--wait-for-results", "0", "--verbose"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stderr
    assert process.stdout
    assert process.stderr.readline()
    process.stderr.close()
    out = process.stdout.read()
    process.stdout.close()
    assert process.wait(timeout=60) == 1
    assert len(here.live.sent) == 3
    assert line(out) == {"stream": "standard error", "why": os.strerror(32)}


def test_unused_stream_may_be_closed(here: Server) -> None:
    done = start(["run", *here.flags(), "--quiet"], ">&- 2>&-")
    assert done.returncode == 0
    assert here.kept


# -- every command ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", NOTHING_TAKES_IT)
def test_lost_log_is_reported_on_the_other_stream(here: Server, to: str) -> None:
    here.live.fail()
    said = here.run(err=to, code=1)
    assert len(here.live.sent) == 1
    assert here.kept
    assert line(said.out)["stream"] == "standard error"


@pytest.mark.parametrize(
    ("command", "to"),
    [*zip(COMMANDS, cycle(NOTHING_TAKES_IT), strict=False)],
)
def test_lost_result_is_reported_on_the_other_stream(here: Server, command: str, to: str) -> None:
    guid = here.live.fail()
    name, *more = command.split()
    more += {"show": [guid], "replay": ["--guid", guid, "--send"]}.get(name, [])
    said = here.commands.run(name, *here.flags(state=name == "run"), *more, out=to, code=1)
    assert line(said.err)["stream"] == "standard output"
    assert len(here.live.sent) == (name in {"run", "replay"})


def test_json_is_whole_where_the_log_is_lost(here: Server) -> None:
    here.live.fail()
    assert here.run("--format", "json", err="/dev/full", code=1).json["redelivered"] == 1


def test_exit_code_2_wins_over_a_lost_log(here: Server) -> None:
    assert here.run("--lookback", "soon", err="gone").code == 2


def test_characters_outside_the_encoding_are_escaped(here: Server) -> None:
    here.hook.add(here.live.sim.clock() - 1_000, UNAVAILABLE, kind=Kind("漢"))
    done = start(["run", *here.flags(), "--wait-for-results", "0"], "", {"PYTHONIOENCODING": "ascii:strict"})
    assert done.returncode == 0, done.stderr
    assert "\\u6f22" in done.stdout
    assert here.kept


def test_slow_reader_of_a_nonblocking_stream_gets_everything() -> None:
    # Another program that shares the stream can have set it so. It holds less than the help has.
    end, stream = os.pipe()
    fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, 4_096)
    os.set_blocking(stream, False)
    with subprocess.Popen(
        [*REDELIVER, "run", "--help"], stdout=stream, stderr=subprocess.PIPE, env=environment()
    ) as one:
        os.close(stream)
        assert one.stderr
        with os.fdopen(end, encoding="utf-8") as slow:
            time.sleep(1)
            shown = slow.read()
        assert one.stderr.read() == b""
    assert one.returncode == 0
    assert len(shown) > 4_096
    assert shown == start(["run", "--help"], "").stdout
