"""``redeliver replay`` as an operator starts it: a process, real sockets, and all that can be wrong with a flag."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

import pytest

from command.program import NOWHERE, Commands, Said, Server, server, start
from command.site import PLACES
from githubsim.clock import MINUTE
from githubsim.faults import Call, Fault
from githubsim.outcomes import OK, UNAVAILABLE
from redeliver.core.facts import Fact, FactKind, Level
from redeliver.errors import GuidsNotFound, ReplayLocked, StateLocked, StateLockLost, TooManyEvents
from redeliver.replay.page import NO_RETRY
from redeliver.run.state_file import StateFile
from redeliver.times import timestamp
from wording import figures, says, told

if TYPE_CHECKING:
    from pathlib import Path

    from command.program import Started
    from command.site import CredentialKind, HookKind, Place

GUID = "3b1f2a00-0000-11ee-8000-00000000dead"
LEAST = ("--org", "octo", "--hook-id", "1", *NOWHERE)


def deliver(here: Server, number: int = 3) -> list[str]:
    """So many events that arrived at once, a minute apart, the last one 40 minutes ago. Gives their guids."""
    now = here.live.sim.clock()
    return [here.hook.add(now - (40 + number - place) * MINUTE, OK).guid for place in range(number)]


def test_first_the_plan_then_it_is_sent_oldest_first(here: Server) -> None:
    guids = deliver(here)
    plan = here.replay("--from", "1h", "--format", "json", code=0).json
    assert here.live.sent == []
    assert (plan["plan"]["events"], plan["plan"]["delivered"], plan["sent"]) == (3, 3, 0)
    assert plan["plan"]["by_event"] == [{"event": "push", "events": 3}]
    assert [event["outcome"] for event in plan["events"]] == ["dry_run"] * 3
    told = here.replay("--from", "1h", "--send", "--format", "json", code=0).json
    assert here.live.sent == guids
    assert told["sent"] == 3
    assert [event["outcome"] for event in told["events"]] == ["recovered"] * 3
    assert {entry.verb for entry in here.live.sim.journal.entries} == {"GET", "POST"}
    assert not [entry for entry in here.live.sim.journal.entries if "variables" in entry.path]


def test_a_window_by_the_clock(here: Server) -> None:
    first, second, third = deliver(here)
    at = [here.hook.log.attempts_of(guid)[0].delivered_at for guid in (first, second, third)]
    here.replay("--from", timestamp(at[1]), "--to", timestamp(at[2]), "--send", code=0)
    assert here.live.sent == [second]


def test_guids_by_several_flags_or_by_one_or_by_a_variable(here: Server) -> None:
    first, second, third = deliver(here)
    here.replay("--guid", first, "--guid", f"{second},{third}", "--send", code=0)
    assert here.live.sent == [first, second, third]
    here.given["REDELIVER_GUID"] = f"{third} {first}"
    here.replay("--send", code=0)
    assert here.live.sent[3:] == [first, third]


def test_for_people_it_says_what_is_planned_and_how_it_went(here: Server) -> None:
    guids = deliver(here)
    here.live.sim.stub.by_guid[guids[1]] = UNAVAILABLE
    planned = here.replay("--from", "1h", code=0)
    assert any(figures(line) == ["3", "3", "3"] for line in planned.err.splitlines())
    assert "API calls" in planned.err
    assert "Events: 3 (3 push)" in planned.out.splitlines()
    assert "Redelivered within the last hour: 0" in planned.out.splitlines()
    assert figures(planned.out.splitlines()[-1]) == ["3"]
    assert "--send" in planned.out.splitlines()[-1]
    told = here.replay("--from", "1h", "--send", code=1)
    assert (
        f"error: {Fact(FactKind.NOT_DELIVERED, Level.ERROR, {'events': 1, 'why': '1 failed again'}).sentence}"
        in told.err
    )
    *_, listed, scheduled, headline = told.out.splitlines()
    assert listed.endswith(f": {guids[1]}")
    assert scheduled == NO_RETRY
    assert figures(headline) == ["2", "3", "1"]


def test_a_line_of_guids_is_not_wrapped(here: Server) -> None:
    guids = deliver(here, 30)
    here.live.sim.stub.outcome = UNAVAILABLE
    out = here.replay("--from", "2h", "--send", code=1).out
    assert any(line.endswith(f": {','.join(guids)}") for line in out.splitlines())


def test_a_plan_does_not_print_the_guids_of_a_long_window_because_one_event_was_redelivered(here: Server) -> None:
    guids = deliver(here, 30)
    here.replay("--guid", guids[0], "--send", code=0)
    out = here.replay("--from", "2h", code=0).out
    (line,) = [line for line in out.splitlines() if "--format json" in line]
    assert figures(line) == ["29"]
    assert not [guid for guid in guids if guid in line]
    few = here.replay("--guid", ",".join(guids[:10]), code=0).out
    assert any(line.endswith(f": {','.join(guids[1:10])}") for line in few.splitlines())


def test_quiet_prints_errors_alone(here: Server) -> None:
    deliver(here)
    assert here.replay("--from", "1h", "-q", code=0).everything == ""
    assert says(GuidsNotFound, here.replay("--guid", GUID, "-q", code=1).err)


def test_a_guid_that_is_not_in_the_log_is_named_before_anything_is_sent(here: Server) -> None:
    (there,) = deliver(here, 1)
    told = here.replay("--guid", GUID, "--guid", there, "--send", code=1)
    assert f"error: {GuidsNotFound(guids=GUID)}" in told.err
    assert here.live.sent == []


def test_more_than_the_limit_is_refused_before_anything_is_sent(here: Server) -> None:
    deliver(here)
    told = here.replay("--from", "1h", "--limit", "2", "--send", "--format", "json", code=2)
    assert f"error: {TooManyEvents(events='3 events', limit='2')}" in told.err
    assert (told.json["plan"]["events"], told.json["sent"], told.json["events"]) == (3, 0, [])
    assert here.live.sent == []


@pytest.mark.parametrize(
    ("flags", "name", "says"),
    [
        ((), "from", "guid"),
        (("--to", "1h"), "from", "guid"),
        (("--from", "73h"), "from", "3 days"),
        (("--from", "2020-01-01T00:00:00Z"), "from", "3 days"),
        (("--from", "yesterday"), "from", "2026-11-24T13:00:00Z"),
        (("--from", "2026-11-24T13:00:00"), "from", "2h"),
        (("--from", "2026-13-24T13:00:00Z"), "from", "2026-13-24"),
        (("--from", "1h", "--to", "2h"), "from", "before"),
        (("--from", "1h", "--to", "1h"), "from", "before"),
        (("--from", "1h", "--to", "soon"), "to", "soon"),
        (("--from", "2999-01-01T00:00:00Z"), "from", "before"),
        (("--guid", GUID, "--from", "1h"), "guid", "from"),
        (("--guid", GUID[:-1]), "guid", "X-GitHub-Delivery"),
        (("--guid", GUID, "--guid", f"{GUID[:-1]}e", "--limit", "1"), "guid", "limit"),
        (("--from", "1h", "--limit", "0"), "limit", "'0'"),
        (("--from", "1h", "--limit", "many"), "limit", "'many'"),
        (("--from", "1h", "--events", "Push!"), "events", "pull_request.opened"),
        (("--from", "1h", "--hook-id", "1,2"), "hook-id", "one"),
        (("--from", "1h", "--hook-id", "all"), "hook-id", "one"),
        (("--from", "1h", "--hook-id", ""), "hook-id", ""),
        (("--from", "1h", "--org", "no/such"), "org", "no/such"),
        (("--from", "1h", "--repository", "octo/a"), "repository", "org"),
        (("--from", "1h", "--client-id", "?"), "client-id", "'?'"),
        (("--from", "1h", "--app-id", "?"), "app-id", "'?'"),
        (("--from", "1h", "--api-url", "http://api.example"), "api-url", "https address"),
        (("--from", "1h", "--redeliveries-per-minute", "0"), "redeliveries-per-minute", "1"),
        (("--from", "1h", "--wait-for-results", "a while"), "wait-for-results", "1h30m"),
        (("--from", "1h", "--time-limit", "0"), "time-limit", "0"),
    ],
)
def test_what_is_wrong_with_a_flag_is_told_before_any_request(
    here: Server, flags: tuple[str, ...], name: str, says: str
) -> None:
    told = here.replay("--send", *flags, code=2)
    (line,) = [one for one in told.err.splitlines() if one.startswith(f"error: {name}: ")]
    assert says in line
    assert told.out == ""
    assert here.live.sim.journal.entries == []


@pytest.mark.parametrize(
    "flags",
    [("--format", "matrix"), ("--send", "please"), ("--fail-on", "never"), ("--metrics-file", "x"), ("--token", "t")],
)
def test_a_flag_or_a_value_that_there_is_not_is_refused(commands: Commands, flags: tuple[str, ...]) -> None:
    commands.run("replay", *LEAST, "--from", "1h", *flags, given={"GH_TOKEN": "t"}, code=2)


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
@pytest.mark.parametrize(
    ("hook", "credential"),
    [("organization", "fine-grained"), ("repository", "classic"), ("organization", "app"), ("app", "app")],
)
def test_it_works_everywhere(
    tmp_path: Path,
    commands: Commands,
    place: Place,
    hook: HookKind,
    credential: CredentialKind,
) -> None:
    with server(tmp_path, commands, hook, credential, place) as here:
        guids = deliver(here)
        told = here.replay("--from", "1h", "--send", "--format", "json", code=0).json
        assert [event["outcome"] for event in told["events"]] == ["recovered"] * 3
        assert here.live.sent == guids


def test_a_window_of_a_week_is_possible_where_the_server_keeps_a_week(tmp_path: Path, commands: Commands) -> None:
    with server(tmp_path, commands, place=PLACES[2]) as here:
        guid = here.hook.add(here.live.sim.clock() - 6 * 24 * 60 * MINUTE, OK).guid
        here.replay("--from", "7d", "--send", code=0)
        assert here.live.sent == [guid]
        assert "7 days" in here.replay("--from", "8d", code=2).err


def test_a_replay_that_was_killed_can_be_looked_up_and_finished(here: Server) -> None:
    guids = deliver(here, 12)
    processes: list[Started] = []

    def kill() -> None:
        processes[0].send_signal(signal.SIGKILL)

    killed = Fault(Call(kill), path="*/attempts", nth=7, when="after")
    here.live.sim.faults.add(killed)
    flags = [*here.flags(state=False), "--from", "2h", "--send", "--wait-for-results", "0"]
    with here.started(processes, "replay", *flags) as process:
        assert process.wait() == -signal.SIGKILL
    assert here.live.sent == guids[:7]
    assert here.served.wait_until_shown()
    plan = here.replay("--from", "2h", "--format", "json", code=0).json
    assert plan["plan"]["redelivered_within_hour"] == 7
    rest = [event["guid"] for event in plan["events"] if event["redelivered_at"] is None]
    lines = here.replay("--from", "2h").out.splitlines()
    assert any(line.endswith(": " + ",".join(rest)) for line in lines)
    here.replay("--guid", ",".join(rest), "--send", code=0)
    assert here.live.sent == guids


def test_an_interrupt_ends_it_and_lists_the_rest(here: Server) -> None:
    guids = deliver(here, 6)
    slowly = ("--redeliveries-per-minute", "1", "--wait-for-results", "0", "--format", "json")
    with here.commands.start("replay", *here.flags(state=False), "--from", "2h", "--send", *slowly) as started:
        while len(here.live.sent) < 5:  # as many as may leave at once; the next one is due in a minute
            time.sleep(0.02)
        time.sleep(0.2)
        started.send_signal(signal.SIGINT)
        out, err = started.communicate()
    assert started.returncode == 128 + signal.SIGINT
    told = json.loads(out)
    assert told["sent"] == 5
    assert told["events"][-1] | {"guid": guids[5], "outcome": "stopped"} == told["events"][-1]
    assert str(Fact(FactKind.REPLAY_STOPPED, Level.WARNING, {"number": 2})) in err


def test_it_is_a_process_of_its_own_from_the_first_instruction(here: Server) -> None:
    deliver(here)
    told = start("replay", *here.flags(state=False), "--from", "1h")
    assert (told.code, here.live.sent) == (0, [])


# -- a replay and the runs of a server --------------------------------------------------------------------------


def test_with_the_runs_state_file_it_sends_nothing_while_a_run_is_at_work(here: Server) -> None:
    guids = deliver(here)
    state = ("--state-file", str(here.state))
    here.replay("--from", "1h", *state, code=0)
    assert not here.state.exists()
    with StateFile(here.state, "any").locked(1_800):
        # A plan sends nothing.
        assert says_events(here.replay("--from", "1h", *state, code=0).out) == "3"
        asked = len(here.live.sim.journal.entries)
        said = here.replay("--from", "1h", "--send", *state, code=1)
        assert said.err == f"error: {ReplayLocked(path=f'{here.state}.lock')}\n"
        assert len(here.live.sim.journal.entries) == asked
    here.replay("--from", "1h", "--send", *state, code=0)
    assert here.live.sent == guids
    assert not here.state.exists()


def says_events(out: str) -> str:
    """How many events a plan has."""
    (line,) = [line for line in out.splitlines() if line.startswith("Events: ")]
    return figures(line)[0]


def test_while_it_sends_a_run_with_its_state_file_leaves_the_events_to_the_next_one(here: Server) -> None:
    guid = here.live.fail()
    run: list[Said] = []
    here.live.sim.faults.add(Fault(Call(lambda: run.append(start("run", *here.flags()))), path="*/attempts"))
    here.given["REDELIVER_STATE_FILE"] = str(here.state)
    here.replay("--guid", guid, "--send", code=0)
    assert run[0].code == 0
    assert says(StateLocked, run[0].err)
    assert here.live.sent == [guid]


def test_it_sends_nothing_more_once_its_lock_is_removed(here: Server) -> None:
    guids = deliver(here)
    lock = here.state.with_name("state.json.lock")
    here.live.sim.faults.add(Fault(Call(lock.unlink), path="*/attempts"))
    said = here.replay("--from", "1h", "--send", "--state-file", str(here.state), code=1)
    assert told(StateLockLost, said.err)["why"] == "state.json.lock was removed"
    assert here.live.sent == guids[:1]


@pytest.mark.parametrize(("path", "why"), [("", "does not name a file"), ("missing/state.json", "cannot be used")])
def test_a_state_file_that_it_cannot_lock_is_told_before_anything_is_asked(here: Server, path: str, why: str) -> None:
    said = here.replay("--from", "1h", "--send", "--state-file", str(here.folder / path) if path else "", code=2)
    assert why in said.err
    assert here.live.sim.journal.entries == []
