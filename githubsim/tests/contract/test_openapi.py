"""The simulated GitHub answers as GitHub's own description says, on github.com and on Enterprise Server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from github.PublicKey import encrypt

from githubsim import contract, outcomes
from githubsim.apps import Installation
from githubsim.tests.client import VARIABLES, Client
from githubsim.wire import SimRequest, SimResponse

if TYPE_CHECKING:
    from redeliver.github.responses import Body, Response, Verb

APP = 91_011
MINT = "/app/installations/{}/access_tokens"
JSON = {"content-type": "application/json; charset=utf-8"}


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


class World(Client):
    """One of everything, with a judge at the door."""

    def __init__(self, edition: str, key: rsa.RSAPrivateKey) -> None:
        super().__init__(root="" if edition == contract.GITHUB else "/api/v3")
        self.judge = contract.Judge(edition)
        self.sim.observers.append(self.judge)
        self.org, self.repo, self.app = self.hook, self.sim.repo_hook("octo/hello"), self.sim.app_hook(APP)
        said = outcomes.invalid_response(418, "<title>no</title>", server="nginx", content_type="text/html")
        held = outcomes.OK._replace(throttled=True, duration_ms=9_870)
        for hook in (self.org, self.repo, self.app):
            for age, outcome in enumerate((*outcomes.FAILURES, said, outcomes.OK, held, outcomes.ACCEPTED)):
                hook.add(self.clock() - age, outcome, kind=outcomes.Kind("issues", "opened", None, 5))
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
        self.sim.app(APP, public.decode(), Installation(77, APP, "octo"))
        now = self.clock() // 1_000
        self.jwt = jwt.encode({"iat": now - 60, "exp": now + 540, "iss": str(APP)}, key, "RS256")

    def statuses(self, *asked: tuple[Verb, str] | tuple[Verb, str, Body], token: str = "pat") -> list[int]:  # noqa: S107
        """What these requests are answered with, of which the judge must have nothing to say."""
        found = [self.ask(*one, token=token).status for one in asked]
        assert self.judge.complaints == []
        return found


@pytest.fixture(params=[contract.GITHUB, contract.ENTERPRISE_SERVER])
def world(request: pytest.FixtureRequest, key: rsa.RSAPrivateKey) -> World:
    return World(request.param, key)


def test_log_and_redelivery_of_every_kind_of_webhook(world: World) -> None:
    for hook in (world.org, world.repo, world.app):
        token = world.jwt if hook is world.app else "pat"
        log = f"{hook.path}/deliveries"
        row = hook.log.rows[0].id
        assert world.ask("GET", log, token=token, per_page="2").status == 200
        assert world.ask("GET", log, token=token, per_page="100", status="failure").status == 200
        assert all(world.ask("GET", f"{log}/{one.id}", token=token).status == 200 for one in hook.log.rows)
        assert world.ask("POST", f"{log}/{row}/attempts", token=token).status == 202
        assert world.ask("GET", f"{log}/1", token=token).status == 404
        assert world.ask("POST", f"{log}/1/attempts", token=token).status == 404
        assert world.ask("GET", log, token=token, cursor="v1_what").status == 400
    assert world.judge.complaints == []


def test_delivery_has_request_and_response(world: World) -> None:
    world.org.url = "https://user:hush@hooks.example/in"
    answered = {
        row.outcome.status_code: json.loads(world.ask("GET", f"{world.org.path}/deliveries/{row.id}").body)
        for row in world.org.log.rows
    }
    assert all(one["request"]["headers"]["Authorization"] == "Basic dXNlcjpodXNo" for one in answered.values())
    assert all(one["request"]["payload"]["action"] == "opened" for one in answered.values())
    assert answered[418]["response"] == {
        "headers": {"Server": "nginx", "Content-Type": "text/html"},
        "payload": "<title>no</title>",
    }
    assert answered[504]["response"] == {"headers": None, "payload": None}
    assert world.judge.complaints == []


def test_hooks(world: World) -> None:
    every: list[tuple[Verb, str]] = [("GET", "/orgs/octo/hooks"), ("GET", world.org.path), ("GET", world.repo.path)]
    assert world.statuses(*every, ("GET", "/orgs/octo/hooks/5")) == [200, 200, 200, 404]
    assert world.ask("GET", "/repos/octo/hello/hooks", per_page="1").status == 200
    assert world.statuses(("GET", "/app/hook/config"), token=world.jwt) == [200]


def test_variables(world: World) -> None:
    one = f"{VARIABLES}/CHECKPOINT"
    assert world.statuses(("GET", one), ("PATCH", one, {"value": "1"})) == [404, 404]
    assert [world.create(name) for name in ("checkpoint", "CHECKPOINT", "GITHUB_X")] == [201, 409, 422]
    assert world.statuses(("PATCH", one, {"value": "2"}), ("GET", one)) == [204, 200]
    assert world.statuses(("GET", VARIABLES)) == [200]


def test_environments(world: World) -> None:
    repo = "/repos/octo/ops"
    one = f"{repo}/environments/redeliver"
    named, token = f"{one}/deployment-branch-policies", f"{one}/secrets/REDELIVER_TOKEN"
    assert world.statuses(("GET", repo), ("GET", one), ("GET", named), ("GET", token)) == [200, 404, 404, 404]
    policy = {"protected_branches": False, "custom_branch_policies": True}
    assert world.statuses(("PUT", one, {}), ("POST", named, {"name": "main"})) == [200, 404]  # without a rule, no names
    assert world.statuses(
        ("PUT", one, {"deployment_branch_policy": policy}),
        ("POST", named, {"name": "main"}),
        ("POST", named, {"name": "main"}),
        ("GET", one),
        ("GET", named),
    ) == [200, 200, 303, 200, 200]
    (kept,) = json.loads(world.ask("GET", named).body)["branch_policies"]
    assert kept["name"] == "main"
    gone = f"{named}/{kept['id']}"
    assert world.statuses(("DELETE", gone), ("DELETE", gone)) == [204, 404]
    key = json.loads(world.ask("GET", f"{one}/secrets/public-key").body)
    sealed = {"encrypted_value": encrypt(key["key"], "hush"), "key_id": key["key_id"]}
    put: tuple[Verb, str, Body] = ("PUT", token, sealed)
    assert world.statuses(put, put, ("GET", token)) == [201, 204, 200]
    assert world.statuses(("PUT", token, sealed | {"encrypted_value": "aHVzaA=="})) == [422]
    assert world.sim.repository("Octo/Ops").environment("Redeliver").secret("redeliver_token") == "hush"


def test_plan_refuses_rules_of_environments(world: World) -> None:
    one, policy = (
        "/repos/octo/ops/environments/redeliver",
        {"protected_branches": False, "custom_branch_policies": True},
    )
    assert world.statuses(("PUT", one, {"deployment_branch_policy": policy, "reviewers": []})) == [422]
    world.sim.repository("octo/ops").plan = "free"
    refused = world.ask("PUT", one, {"deployment_branch_policy": policy})
    assert (refused.status, "billing plan" in refused.body) == (422, True)
    assert json.loads(world.ask("GET", one).body)["deployment_branch_policy"] is None
    world.sim.repository("octo/ops").private = False
    assert world.statuses(("PUT", one, {"deployment_branch_policy": policy})) == [200]


def test_environments_take_permissions_of_their_own(world: World) -> None:
    repo = "/repos/octo/ops"
    one = f"{repo}/environments/redeliver"
    world.sim.token("checkpoint", permissions={"actions_variables": "write"})
    world.sim.token("gho", kind="classic", scopes=["repo"])
    asked: list[tuple[Verb, str]] = [("GET", repo), ("GET", one), ("PUT", one), ("GET", f"{one}/secrets/X")]
    assert world.statuses(*asked, token="checkpoint") == [200, 403, 403, 403]
    assert world.statuses(("PUT", one, {}), *asked[:2], token="gho") == [200, 200, 200]


def test_issues(world: World) -> None:
    every, labels = "/repos/octo/ops/issues", "/repos/octo/ops/labels"
    made: list[tuple[Verb, str, Body]] = [
        ("POST", labels, {"name": "a", "color": "ededed"}),
        ("POST", labels, {"name": "A"}),
        ("POST", every, {"title": "t", "body": "b", "labels": ["a", "b"]}),
        ("POST", every, {"title": " "}),
        ("POST", f"{every}/1/comments", {"body": "c"}),
        ("POST", f"{every}/2/comments", {"body": "c"}),
    ]
    assert world.statuses(*made) == [201, 422, 201, 422, 201, 404]
    world.sim.issues("octo/ops").all()[0].is_pull_request = True
    (listed,) = json.loads(world.ask("GET", every, labels="A,b", state="open", per_page="100").body)
    assert (listed["number"], listed["comments"], "pull_request" in listed) == (1, 1, True)
    assert world.statuses(("PATCH", f"{every}/1", {"body": "d", "state": "closed"})) == [200]
    assert json.loads(world.ask("GET", every).body) == []
    assert json.loads(world.ask("GET", every, labels="c", state="all").body) == []
    world.sim.token("reader", permissions={"issues": "read"})
    assert world.statuses(("GET", every), ("PATCH", f"{every}/1", {"body": "e"}), token="reader") == [200, 403]
    world.sim.issues("octo/ops").enabled = False
    assert world.statuses(("GET", every)) == [410]


def test_app_and_its_tokens(world: World) -> None:
    found: list[tuple[Verb, str]] = [
        ("GET", f"/{of}/installation") for of in ("orgs/octo", "repos/octo/hello", "orgs/x")
    ]
    assert world.statuses(*found, ("POST", MINT.format(1)), token=world.jwt) == [200, 200, 404, 404]
    minted = world.ask("POST", MINT.format(77), token=world.jwt)
    assert minted.status == 201
    assert world.statuses(("GET", world.org.path), token=json.loads(minted.body)["token"]) == [200]
    assert world.statuses(*found) == [401, 401, 401]


def test_app_token_with_fewer_permissions(world: World) -> None:
    world.sim.installations[0].permissions = {"organization_hooks": "read", "actions_variables": "write"}
    world.sim.installations[0].repositories = frozenset({"octo/ops", "octo/hello"})

    def minted(permissions: dict[str, str], *repositories: str) -> Response:
        named = {"repositories": repositories} if repositories else {}
        return world.ask("POST", MINT.format(77), {"permissions": permissions, **named}, token=world.jwt)

    assert minted({"organization_hooks": "write"}).status == 422
    assert minted({"repository_hooks": "read"}).status == 422
    assert minted({"organization_hooks": "read"}, "elsewhere").status == 422
    answer = minted({"organization_hooks": "read", "actions_variables": "read"}, "OPS")
    told = json.loads(answer.body)
    assert told["permissions"] == {"organization_hooks": "read", "actions_variables": "read"}
    token, row = told["token"], world.org.log.rows[0].id
    assert world.ask("GET", world.org.path, token=token).status == 200
    assert world.ask("POST", f"{world.org.path}/deliveries/{row}/attempts", token=token).status == 403
    world.create("X")
    seen = [f"/repos/octo/{repo}/actions/variables/X" for repo in ("ops", "hello")]
    assert world.statuses(*(("GET", path) for path in (*seen, world.repo.path)), token=token) == [200, 404, 404]
    world.sim.installations[0].suspended = True
    assert world.ask("POST", MINT.format(77), token=world.jwt).status == 403
    assert world.judge.complaints == []


def test_headers_of_every_response(world: World) -> None:
    world.sim.token("classic", kind="classic", scopes=["admin:org_hook"])
    for token in ("pat", "classic"):
        read = world.ask("GET", world.org.path, token=token)
        assert {"etag", "x-github-request-id", "x-github-api-version-selected", "date"} <= read.headers.keys()
        assert ("x-oauth-scopes" in read.headers) == (token == "classic")
    assert world.judge.complaints == []


def test_refusals(world: World) -> None:
    world.sim.token("weak", permissions={"organization_hooks": "read"})
    log = f"{world.org.path}/deliveries"
    assert world.ask("GET", log, token="unknown").status == 401
    assert world.ask("POST", f"{log}/{world.org.log.rows[0].id}/attempts", token="weak").status == 403
    assert world.ask("GET", "/rate_limit").status == 200
    world.sim.limits.block("token-1", world.clock())
    assert world.ask("GET", log).status == 403
    assert world.judge.complaints == []


def test_judge_finds_errors_in_a_request(world: World) -> None:
    log = f"{world.org.path}/deliveries"
    world.ask("GET", log, per_page="200", since="yesterday", status="bad")
    world.ask("POST", VARIABLES, {"value": "1"})
    world.ask("POST", "/orgs/octo/nowhere")
    found = "\n".join(world.judge.complaints)
    assert "per_page: 200 is more than 100" in found
    assert "unknown query parameter since" in found
    assert "'bad' is not one of" in found
    assert "'name' is a required property" in found
    assert "GitHub has no such operation" in found


@pytest.mark.parametrize(
    ("status", "headers", "body", "complaint"),
    [
        (200, JSON, b'[{"id": "1"}]', "is not of type 'integer'"),
        (200, JSON, b"[{", "not JSON"),
        (200, {"content-type": "text/html"}, b"[]", "content type"),
        (204, {}, b"", "status 204 is not documented"),
        (404, JSON, b'{"message": 1}', "is not of type 'string'"),
    ],
)
def test_judge_finds_errors_in_a_response(status: int, headers: dict[str, str], body: bytes, complaint: str) -> None:
    request = SimRequest("GET", "/orgs/octo/hooks/1/deliveries")
    answer = SimResponse(status, headers, body)
    assert complaint in "\n".join(contract.check_exchange(contract.description(), request, answer))
