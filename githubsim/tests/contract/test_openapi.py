"""The simulated GitHub answers as GitHub's own description says, on github.com and on Enterprise Server."""

from __future__ import annotations

import json

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from github.PublicKey import encrypt

from githubsim import contract, outcomes
from githubsim.apps import Installation
from githubsim.tests.client import VARIABLES, Client
from githubsim.wire import SimRequest, SimResponse
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
        assert world.ask("GET", log, token=token, cursor="v1_what").status == 400
        rows: list[tuple[Verb, str]] = [("GET", f"{log}/{one.id}") for one in hook.log.rows]
        assert set(world.statuses(*rows, token=token)) == {200}
        missing: list[tuple[Verb, str]] = [("GET", f"{log}/1"), ("POST", f"{log}/1/attempts")]
        assert world.statuses(("POST", f"{log}/{row}/attempts"), *missing, token=token) == [202, 404, 404]
    listed: list[tuple[Verb, str]] = [("GET", path) for path in ("/orgs/octo/hooks", world.repo.path, "/rate_limit")]
    assert world.statuses(*listed, ("GET", "/orgs/octo/hooks/5")) == [200, 200, 200, 404]
    assert world.statuses(("GET", world.org.path), token="unknown") == [401]
    world.sim.limits.block("token-1", world.clock())
    assert world.statuses(("GET", world.org.path)) == [403]


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


REPOSITORY = "/repos/octo/ops"
ENVIRONMENT = f"{REPOSITORY}/environments/redeliver"
POLICY = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}


def test_lists_of_repositories(world: World) -> None:
    for number in range(3):
        world.sim.repository(f"octo/{number}", archived=number == 1)
    world.sim.token("ghs_given", kind="installation", sees=["octo"])
    world.sim.token("mine", user="octo")
    every: list[tuple[Verb, str]] = [("GET", "/orgs/octo/repos"), ("GET", "/orgs/nobody/repos"), ("GET", "/user/repos")]
    assert world.statuses(*every, ("GET", "/installation/repositories")) == [200, 404, 200, 403]
    assert world.statuses(*every[2:], ("GET", "/installation/repositories"), token="ghs_given") == [403, 200]
    second = json.loads(world.ask("GET", "/user/repos", token="mine", per_page="2", page="2", affiliation="owner").body)
    assert [one["full_name"] for one in second] == ["octo/2", "octo/hello"]
    (first,) = json.loads(world.ask("GET", "/orgs/octo/repos", per_page="1", page="2").body)
    assert (first["full_name"], first["archived"]) == ("octo/1", True)
    assert world.judge.complaints == []


def test_environments(world: World) -> None:
    named, token = f"{ENVIRONMENT}/deployment-branch-policies", f"{ENVIRONMENT}/secrets/REDELIVER_TOKEN"
    every: list[tuple[Verb, str]] = [("GET", path) for path in (REPOSITORY, ENVIRONMENT, named, token)]
    assert world.statuses(*every) == [200, 404, 404, 404]
    add: tuple[Verb, str, Body] = ("POST", named, {"name": "main"})
    assert world.statuses(("PUT", ENVIRONMENT, {}), add) == [200, 404]  # without a rule, no names
    assert world.statuses(("PUT", ENVIRONMENT, POLICY), add, add, *every[1:3]) == [200, 200, 303, 200, 200]
    (kept,) = json.loads(world.ask("GET", named).body)["branch_policies"]
    assert kept["name"] == "main"
    gone = f"{named}/{kept['id']}"
    assert world.statuses(("DELETE", gone), ("DELETE", gone)) == [204, 404]
    key = json.loads(world.ask("GET", f"{ENVIRONMENT}/secrets/public-key").body)
    sealed = {"encrypted_value": encrypt(key["key"], "hush"), "key_id": key["key_id"]}
    put: tuple[Verb, str, Body] = ("PUT", token, sealed)
    unsealed: tuple[Verb, str, Body] = ("PUT", token, sealed | {"encrypted_value": "aHVzaA=="})
    assert world.statuses(put, put, every[3], unsealed) == [201, 204, 200, 422]
    assert world.sim.repository("Octo/Ops").environment("Redeliver").secret("redeliver_token") == "hush"
    world.sim.token("checkpoint", permissions={"actions_variables": "write"})
    assert world.statuses(*every[:2], every[3], token="checkpoint") == [200, 403, 403]


def test_plan_refuses_rules_of_environments(world: World) -> None:
    put: tuple[Verb, str, Body] = ("PUT", ENVIRONMENT, POLICY)
    assert world.statuses(("PUT", ENVIRONMENT, POLICY | {"reviewers": []})) == [422]
    world.sim.repository("octo/ops").plan = "free"
    assert world.statuses(put) == [422]
    assert json.loads(world.ask("GET", ENVIRONMENT).body)["deployment_branch_policy"] is None
    world.sim.repository("octo/ops").private = False
    assert world.statuses(put) == [200]


def test_app_and_its_tokens(world: World) -> None:
    owners = ("orgs/octo", "repos/octo/hello", "orgs/x")
    found: list[tuple[Verb, str]] = [("GET", f"/{of}/installation") for of in owners]
    assert world.statuses(*found, ("POST", MINT.format(1)), token=world.jwt) == [200, 200, 404, 404]
    minted = json.loads(world.ask("POST", MINT.format(77), token=world.jwt).body)
    assert world.statuses(("GET", world.org.path), token=minted["token"]) == [200]
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
