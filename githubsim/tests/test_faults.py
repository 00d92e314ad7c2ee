"""Bad days: what a client sees, and whether it happened all the same."""

from __future__ import annotations

import pytest

from githubsim import Call, Delay, Fault, Lose, Rewrite, SimGitHub, VirtualClock, faults
from githubsim.inprocess import InProcessTransport
from redeliver.github.transport import ResponseLost

VARIABLES = "/repos/octo/ops/actions/variables"


class World:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.sim = SimGitHub(self.clock)
        self.sim.token("pat")
        self.transport = InProcessTransport(self.sim, "pat", self.clock, latency_ms=100)

    def create(self, name: str = "ONE") -> int:
        return self.transport.exchange("POST", VARIABLES, body={"name": name, "value": "1"}).status

    @property
    def happened(self) -> bool:
        return "ONE" in self.sim.variables("octo/ops")


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("kind", ["reset", "refused", "silence"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_tells_nothing_about_the_effect(world: World, kind: str, when: str) -> None:
    world.sim.faults.add(Fault(Lose(kind), when=when))  # type: ignore[arg-type]
    with pytest.raises(ResponseLost):
        world.create()
    assert world.happened is (when == "after")
    assert world.sim.journal.entries[-1].line == f"POST {VARIABLES} -> {kind}"


def test_an_answer_that_is_cut_short_has_happened(world: World) -> None:
    world.sim.faults.add(Fault(Lose("cut")))
    with pytest.raises(ResponseLost, match="cut short"):
        world.create()
    assert world.happened


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_server_error_may_have_happened(world: World, when: str) -> None:
    world.sim.faults.add(Fault(faults.html_answer(502), when=when))  # type: ignore[arg-type]
    assert world.create() == 502
    assert world.happened is (when == "after")


def test_a_fault_strikes_the_nth_match_and_as_often_as_told(world: World) -> None:
    world.sim.faults.add(Fault(faults.json_answer(500, "no"), verb="POST", path="*/variables", nth=2, times=2))
    assert [world.create(f"V{number}") for number in range(5)] == [201, 500, 500, 201, 201]


def test_a_fault_can_strike_one_request_of_all(world: World) -> None:
    world.sim.faults.add(Fault(faults.json_answer(500, "no"), at_request=3))
    assert [world.create(f"V{number}") for number in range(4)] == [201, 201, 500, 201]


def test_a_late_answer_is_lost_once_patience_ends(world: World) -> None:
    world.sim.faults.add(Fault(Delay(29_000)), Fault(Delay(30_000)))
    assert world.create("SLOW") == 201
    assert world.clock.monotonic() == pytest.approx(29.1)
    with pytest.raises(ResponseLost, match="no answer in time"):
        world.create()
    assert world.happened
    assert world.clock.monotonic() == pytest.approx(29.1 + 0.05 + 30)


def test_an_answer_can_be_rewritten(world: World) -> None:
    world.sim.faults.add(Fault(Rewrite(200, {"link": "<https://evil.example/>"})))
    response = world.transport.exchange("POST", VARIABLES, body={"name": "ONE", "value": "1"})
    assert (response.status, response.headers["link"]) == (200, "<https://evil.example/>")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_before_or_after_the_effect(world: World, when: str) -> None:
    def crash() -> None:
        raise KeyboardInterrupt

    world.sim.faults.add(Fault(Call(crash), when=when))  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        world.create()
    assert world.happened is (when == "after")
    assert world.create() == (409 if when == "after" else 201)


def test_every_kind_of_fault_is_survived_by_the_simulation(world: World) -> None:
    for number, fault in enumerate(faults.every_kind()):
        world.sim.faults.clear()
        world.sim.faults.add(fault)
        try:
            world.create(f"V{number}")
        except ResponseLost:
            assert isinstance(fault.effect, Lose)
        assert fault.hits == 1
