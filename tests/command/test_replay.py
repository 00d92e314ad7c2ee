"""``redeliver replay`` as an operator starts it: a process, real sockets, and all that can be wrong with a flag."""

from __future__ import annotations

import os
from pathlib import Path

from command.program import Commands, Said, Server, server, start
from command.site import PLACES
from githubsim.clock import MINUTE
from githubsim.faults import Call, Fault
from githubsim.outcomes import OK, UNAVAILABLE
from redeliver.core.facts import FactKind
from redeliver.errors import (
    GuidsNotFound,
    NoneListed,
    ReplayLocked,
    StateLocked,
)
from redeliver.run.state_file import StateFile
from wording import figures, says

GUID = "3b1f2a00-0000-11ee-8000-00000000dead"


def deliver(here: Server, number: int = 3) -> list[str]:
    """So many events that arrived at once, a minute apart, the last one 40 minutes ago. Gives their guids."""
    now = here.live.sim.clock()
    return [here.hook.add(now - (40 + number - place) * MINUTE, OK).guid for place in range(number)]


def test_replay_plans_and_then_sends_oldest_first(here: Server) -> None:
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


def test_everything_that_the_receiver_does_not_have_is_sent(here: Server, tmp_path: Path) -> None:
    guids = deliver(here, 5)
    arrived = tmp_path / "arrived.txt"
    arrived.write_text("\n".join([guids[1], guids[3], GUID]))
    late = here.hook.add(here.live.sim.clock() + MINUTE, OK).guid
    plan = here.replay("--from", "1h", "--except-guids", str(arrived), "--format", "json", code=0).json["plan"]
    assert (plan["events"], plan["listed"]) == (3, 2)
    said = here.replay("--from", "1h", "--except-guids", str(arrived), "--send", code=0)
    assert here.live.sent == [guids[0], guids[2], guids[4]]
    assert "In except-guids-file: 2" in said.out
    assert late not in said.out
    # Of before the list was written, as far as its own time says.
    moment = here.live.sim.clock() / 1000 - 43.5 * 60
    os.utime(arrived, (moment, moment))
    here.replay("--from", "1h", "--except-guids", str(arrived), "--send", code=0)
    assert here.live.sent[3:] == [guids[0]]


def test_list_of_something_else_sends_nothing(here: Server, tmp_path: Path) -> None:
    deliver(here)
    arrived = tmp_path / "arrived.txt"
    arrived.write_text(GUID)
    said = here.replay("--from", "1h", "--except-guids", str(arrived), "--send", code=2)
    assert says(NoneListed, said.err)
    requests = len(here.live.sim.journal.entries)
    arrived.write_text("no guid")
    assert "except-guids-file: line 1" in here.replay("--from", "1h", "--except-guids", str(arrived), code=2).err
    assert len(here.live.sim.journal.entries) == requests
    assert here.live.sent == []


def test_guids_come_from_several_flags_or_one_or_a_variable(here: Server) -> None:
    first, second, third = deliver(here)
    here.replay("--guid", first, "--guid", f"{second},{third}", "--send", code=0)
    assert here.live.sent == [first, second, third]
    here.given["REDELIVER_GUID"] = f"{third} {first}"
    here.replay("--send", code=0)
    assert here.live.sent[3:] == [first, third]


def test_replay_for_people_tells_the_plan_and_the_result(here: Server) -> None:
    guids = deliver(here)
    here.live.sim.stub.by_guid[guids[1]] = UNAVAILABLE
    planned = here.replay("--from", "1h", code=0).out.splitlines()
    assert {"Events: 3 (3 push)", "Redelivered within the last hour: 0"} < {*planned}
    assert figures(planned[-1])[:2] == ["3", "4"]
    assert "--send" in planned[-1]
    said = here.replay("--from", "1h", "--send", code=1)
    assert says(FactKind.NOT_DELIVERED, said.err)
    *_, listed, scheduled, headline = said.out.splitlines()
    assert listed.endswith(f": {guids[1]}")
    assert "delivered before" in scheduled
    assert not figures(scheduled), "it is one event, which the line before names"
    assert figures(headline) == ["2", "3", "1"]


def test_one_line_has_the_guids_for_the_next_replay(here: Server) -> None:
    guids = deliver(here, 30)
    here.live.sim.stub.outcome = UNAVAILABLE
    sent = here.replay("--from", "2h", "--send", code=1).out
    assert any(line.endswith(f": {','.join(guids)}") for line in sent.splitlines())
    (line,) = [line for line in here.replay("--from", "2h", code=0).out.splitlines() if "--format json" in line]
    assert figures(line) == ["27"]
    assert not [guid for guid in guids if guid in line]
    few = here.replay("--guid", ",".join(guids[:10]), code=0).out
    assert any(line.endswith(f": {','.join(guids[3:10])}") for line in few.splitlines())


def test_quiet_replay_prints_errors_alone(here: Server) -> None:
    deliver(here)
    assert here.replay("--from", "1h", "-q", code=0).everything == ""
    assert says(GuidsNotFound, here.replay("--guid", GUID, "-q", code=1).err)


def test_replay_window_reaches_back_a_week_on_a_server(tmp_path: Path, forks: Commands) -> None:
    with server(tmp_path, forks, place=PLACES[2]) as here:
        guid = here.hook.add(here.live.sim.clock() - 6 * 24 * 60 * MINUTE, OK).guid
        here.replay("--from", "7d", "--send", code=0)
        assert here.live.sent == [guid]
        assert "7 days" in here.replay("--from", "8d", code=2).err


# -- a replay and the runs of a server --------------------------------------------------------------------------


def test_replay_sends_nothing_while_a_run_holds_the_state_file(here: Server) -> None:
    guids = deliver(here)
    flags = ("--from", "1h", "--state-file", str(here.state))
    with StateFile(here.state, "any").locked(1_800):
        # A plan sends nothing.
        assert "Events: 3 (3 push)" in here.replay(*flags, code=0).out.splitlines()
        asked = len(here.live.sim.journal.entries)
        said = here.replay(*flags, "--send", code=1)
        assert said.err.startswith(f"error: {ReplayLocked(path=f'{here.state}.lock')}\n")
        assert len(here.live.sim.journal.entries) == asked
    here.replay(*flags, "--send", code=0)
    assert here.live.sent == guids
    assert not here.state.exists()


def test_run_sends_nothing_while_a_replay_holds_the_state_file(here: Server) -> None:
    guid = here.live.fail()
    run: list[Said] = []
    here.live.sim.faults.add(Fault(Call(lambda: run.append(start("run", *here.flags()))), path="*/attempts"))
    here.given["REDELIVER_STATE_FILE"] = str(here.state)
    here.replay("--guid", guid, "--send", code=0)
    assert run[0].code == 0
    assert says(StateLocked, run[0].err)
    assert here.live.sent == [guid]
