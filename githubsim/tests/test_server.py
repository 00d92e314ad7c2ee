"""The simulation on a socket, and a receiver that is really there."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from githubsim import outcomes
from githubsim.clock import system_ms
from githubsim.dispatch import HttpDispatch, headers
from githubsim.endpoint import Dispatch
from githubsim.model import SimGitHub
from githubsim.receiver import Receiver
from githubsim.server import serve

SECRET = "It's a Secret to Everybody"


@pytest.fixture
def sim() -> SimGitHub:
    sim = SimGitHub(system_ms)
    sim.token("pat")
    sim.behaviour.redelivery_ms = 10
    sim.behaviour.appears_ms = 0
    return sim


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver(SECRET) as receiver:
        yield receiver


def client(url: str, timeout: float = 5) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"authorization": "Bearer pat"}, timeout=timeout)


def test_every_attempt_is_in_the_log_with_its_outcome(sim: SimGitHub, receiver: Receiver) -> None:
    with HttpDispatch(timeout=0.2) as endpoint, serve(sim) as served, client(served.url) as http:
        hook = sim.org_hook("octo", url=receiver.url, secret=SECRET, endpoint=endpoint)

        def happen(number: int) -> str:
            hook.emit(outcomes.Kind("issues", ("opened", "closed", "edited", "labeled", "assigned")[number]))
            assert served.wait_until_idle()
            return f"{hook.log.rows[-1].outcome.status_code} {hook.log.rows[-1].outcome.status}"

        assert happen(0) == "200 OK"
        assert receiver.arrivals == [(hook.log.rows[0].guid, "issues", 200)]
        receiver.status = 503
        assert happen(1) == "503 Invalid HTTP Response: 503"
        receiver.status = 302
        assert happen(2) == "302 Invalid HTTP Response: 302"
        receiver.delay_ms = 400
        assert happen(3) == "504 timed out"
        receiver.go_down()
        assert happen(4) == "502 failed to connect to host"
        receiver.status, receiver.delay_ms = 202, 0
        receiver.come_back()
        for row in list(hook.log.rows)[1:]:
            assert http.post(f"{hook.path}/deliveries/{row.id}/attempts").status_code == 202
        assert served.wait_until_idle()

    assert [row.outcome.status_code for row in hook.log.rows[5:]] == [202] * 4
    assert receiver.accepted() == {row.guid: 1 for row in hook.log.rows}
    assert sim.truth.undelivered() == []


def test_receiver_refuses_a_wrong_signature(sim: SimGitHub, receiver: Receiver) -> None:
    with HttpDispatch() as endpoint, serve(sim) as served:
        hook = sim.org_hook("octo", url=receiver.url, secret="something else", endpoint=endpoint)
        hook.emit(payload=b"{}")
        assert served.wait_until_idle()
    outcome = hook.log.rows[-1].outcome
    assert outcome[:2] == outcomes.invalid_response(401)[:2]
    assert outcome.answer
    assert (outcome.answer.body, dict(outcome.answer.headers)["Content-Length"]) == ("no", "2")
    assert receiver.accepted() == {}


def test_error_in_an_endpoint_is_raised(sim: SimGitHub) -> None:
    class Broken:
        def deliver(self, dispatch: Dispatch) -> outcomes.Outcome:
            raise LookupError(dispatch.guid)

    with serve(sim) as served:
        guid = sim.org_hook("octo", endpoint=Broken()).emit()
        with pytest.raises(LookupError, match=guid):
            served.wait_until_idle()


def test_signature_is_that_of_githubs_documents() -> None:
    # The example of "Validating webhook deliveries" in GitHub's documents.
    hook = SimGitHub().org_hook("octo", secret=SECRET)
    hook.payloads["guid"] = b"Hello, World!"
    sent = Dispatch(hook, "guid", outcomes.Kind(), redelivery=False, at=0)
    assert headers(sent)["X-Hub-Signature-256"] == (
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    )


def test_process_has_a_back_door() -> None:
    command = [sys.executable, "-m", "githubsim", "--events", "50", "--root", "/api/v3"]
    here = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=here) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        with client(told["url"]) as http, client(told["control"]) as back:
            log = f"/orgs/octo/hooks/{told['hook_id']}/deliveries"
            assert len(http.get(log).json()) == 30
            back.post("/endpoint", json={"status": "timed out", "status_code": 504})
            guid = back.post(f"/hooks/{told['hook_id']}/events", json={"event": "push"}).json()["guid"]
            time.sleep(0.5)
            assert any(row["guid"] == guid and row["status_code"] == 504 for row in http.get(log).json())
        process.terminate()
    assert process.returncode == 0
