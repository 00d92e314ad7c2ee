"""Bad days: what a client sees, and whether it happened all the same."""

from __future__ import annotations

import pytest

from githubsim import faults
from githubsim.faults import Call, Delay, Fault, Lose, When
from githubsim.tests.client import VARIABLES, Client
from redeliver.github.responses import ResponseLost


def happened(client: Client) -> bool:
    return "ONE" in client.sim.variables("octo/ops")


@pytest.mark.parametrize("when", ["before", "after"])
def test_each_fault_strikes_once_before_or_after_the_effect(client: Client, when: When) -> None:
    for number, fault in enumerate(one for one in faults.every_kind() if one.when == when):
        client.sim.faults.clear()
        client.sim.faults.add(fault)
        effect = fault.effect
        if isinstance(effect, Lose):
            with pytest.raises(ResponseLost):
                client.create(f"V{number}")
            assert client.sim.journal.entries[-1].line == f"POST {VARIABLES} -> {effect.kind}"
        else:
            assert isinstance(effect, faults.Answer)
            assert client.create(f"V{number}") == effect.status
        # An answer that is cut short is one all the same.
        is_cut = isinstance(effect, Lose) and effect.kind == "cut"
        assert (f"V{number}" in client.sim.variables("octo/ops")) is (when == "after" or is_cut)
        assert fault.hits == 1


@pytest.mark.parametrize(
    ("which", "statuses"),
    [
        ({"verb": "POST", "path": "*/variables", "nth": 2, "times": 2}, [201, 500, 500, 201, 201]),
        ({"at_request": 3}, [201, 201, 500, 201]),
    ],
)
def test_fault_strikes_the_matching_requests(client: Client, which: dict[str, object], statuses: list[int]) -> None:
    client.sim.faults.add(Fault(faults.json_answer(500, "no"), **which))  # type: ignore[arg-type]  # fields of Fault
    assert [client.create(f"V{number}") for number in range(len(statuses))] == statuses


def test_late_response_is_lost_after_the_timeout() -> None:
    client = Client(latency_ms=100)
    client.sim.faults.add(Fault(Delay(29_000)), Fault(Delay(30_000)))
    assert client.create("SLOW") == 201
    assert client.clock.monotonic() == pytest.approx(29.1)
    with pytest.raises(ResponseLost, match="no answer in time"):
        client.create()
    assert happened(client)
    assert client.clock.monotonic() == pytest.approx(29.1 + 0.05 + 30)


@pytest.mark.parametrize("when", ["before", "after"])
def test_crash_before_or_after_the_effect(client: Client, when: When) -> None:
    def crash() -> None:
        raise KeyboardInterrupt

    client.sim.faults.add(Fault(Call(crash), when=when))
    with pytest.raises(KeyboardInterrupt):
        client.create()
    assert happened(client) is (when == "after")
    assert client.create() == (409 if when == "after" else 201)
