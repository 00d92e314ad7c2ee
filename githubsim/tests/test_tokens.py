"""Credentials: what each may do, and GitHub's words when that is not enough."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from githubsim import MINUTE, SimGitHub, VirtualClock
from githubsim.inprocess import InProcessTransport
from githubsim.wire import SimRequest, SimResponse

if TYPE_CHECKING:
    from redeliver.github.transport import Response


class World:
    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.sim = SimGitHub(self.clock)
        self.hook = self.sim.org_hook("octo")
        self.row = self.hook.add(self.clock())

    def read(self, token: str) -> Response:
        return InProcessTransport(self.sim, token, self.clock).exchange("GET", f"{self.hook.path}/deliveries")

    def redeliver(self, token: str) -> Response:
        path = f"{self.hook.path}/deliveries/{self.row.id}/attempts"
        return InProcessTransport(self.sim, token, self.clock).exchange("POST", path)

    def raw(self, **headers: str) -> SimResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.sim.handle(SimRequest("GET", self.hook.path, headers=named))


@pytest.fixture
def world() -> World:
    return World()


def test_a_fine_grained_token_is_told_which_permission_it_lacks(world: World) -> None:
    world.sim.token("reader", permissions={"organization_hooks": "read"})
    assert world.read("reader").status == 200
    refused = world.redeliver("reader")
    assert refused.status == 403
    assert "Resource not accessible by personal access token" in refused.body
    assert refused.headers["x-accepted-github-permissions"] == "organization_hooks=write"


def test_an_installation_is_an_integration(world: World) -> None:
    world.sim.token("installed", kind="installation", permissions={})
    assert "Resource not accessible by integration" in world.read("installed").body


def test_a_classic_token_goes_by_scopes(world: World) -> None:
    world.sim.token("owner", kind="classic", scopes=["admin:org_hook", "repo"])
    world.sim.token("stranger", kind="classic", scopes=["repo"])
    assert world.redeliver("owner").status == 202
    refused = world.read("stranger")
    assert refused.status == 404
    assert refused.headers["x-oauth-scopes"] == "repo"
    assert refused.headers["x-accepted-oauth-scopes"] == "admin:org_hook"


def test_what_a_token_cannot_see_is_not_there(world: World) -> None:
    world.sim.token("elsewhere", sees=["other"])
    assert world.read("elsewhere").status == 404


def test_a_token_can_expire_in_mid_run(world: World) -> None:
    world.sim.token("brief", expires_at=world.clock() + MINUTE)
    assert world.read("brief").status == 200
    world.clock.sleep(60)
    refused = world.read("brief")
    assert refused.status == 401
    assert "Bad credentials" in refused.body


def test_only_the_app_itself_may_ask_for_its_hook(world: World) -> None:
    world.sim.token("pat")
    assert InProcessTransport(world.sim, "pat", world.clock).exchange("GET", "/app/hook/deliveries").status == 401


def test_a_request_needs_a_name_an_identity_and_a_version_that_exists(world: World) -> None:
    world.sim.token("pat")
    assert world.raw(authorization="token pat").status == 403
    assert world.raw(user_agent="x").status == 401
    assert world.raw(user_agent="x", authorization="Basic pat").status == 401
    assert world.raw(user_agent="x", authorization="token pat", x_github_api_version="2010-01-01").status == 400
    assert world.raw(user_agent="x", authorization="token pat", x_github_api_version="2022-11-28").status == 200


def test_no_secret_enters_the_journal(world: World) -> None:
    world.sim.token("s3cret")
    world.read("s3cret")
    (entry,) = world.sim.journal.entries
    assert entry.token == "token-1"
    assert "s3cret" not in repr(entry)


def test_a_token_of_a_persons_says_when_it_ends(world: World) -> None:
    world.sim.token("brief", expires_at=world.clock() + MINUTE)
    said = world.read("brief").headers["github-authentication-token-expiration"]
    assert datetime.strptime(said, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC).timestamp() * 1_000 == (
        (world.clock() + MINUTE) // 1_000 * 1_000
    )
    world.sim.token("endless")
    assert "github-authentication-token-expiration" not in world.read("endless").headers


def test_every_answer_has_an_id_of_its_own_and_says_which_version_it_is_of(world: World) -> None:
    world.sim.token("pat")
    answers = [world.read("pat"), world.read("pat"), world.read("nobody")]
    ids = [one.headers["x-github-request-id"] for one in answers]
    assert all(re.fullmatch(r"[0-9A-F]+(:[0-9A-F]+){4}", one) for one in ids)
    assert len(set(ids)) == 3
    assert {one.headers["x-github-api-version-selected"] for one in answers} == {"2022-11-28"}


def test_what_has_not_changed_is_not_sent_again_and_a_head_has_no_body(world: World) -> None:
    world.sim.token("pat")
    named = {"user_agent": "x", "authorization": "token pat"}
    first = world.raw(**named)
    assert first.headers["etag"].startswith('W/"')
    again = world.raw(**named, if_none_match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    headers = {"user-agent": "x", "authorization": "token pat"}
    head = world.sim.handle(SimRequest("HEAD", world.hook.path, headers=headers))
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", first.headers["etag"])
    assert head.headers["content-length"] == str(len(first.body))
