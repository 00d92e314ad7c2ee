"""Credentials: what each may do, and GitHub's words when that is not enough."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from githubsim.clock import MINUTE
from githubsim.tests.client import Client
from githubsim.wire import SimRequest, SimResponse

NAMED = {"user_agent": "x", "authorization": "token pat"}


def raw(client: Client, verb: str = "GET", **headers: str) -> SimResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.sim.handle(SimRequest(verb, client.hook.path, headers=named))


def test_fine_grained_token_is_refused_with_the_missing_permission(client: Client) -> None:
    client.sim.token("reader", permissions={"organization_hooks": "read"})
    assert client.ask("GET", client.log, token="reader").status == 200
    refused = client.redeliver(1, token="reader")
    assert refused.status == 403
    assert "Resource not accessible by personal access token" in refused.body
    assert refused.headers["x-accepted-github-permissions"] == "organization_hooks=write"
    client.sim.token("installed", kind="installation", permissions={})
    assert "Resource not accessible by integration" in client.ask("GET", client.log, token="installed").body


def test_classic_token_goes_by_scopes(client: Client) -> None:
    client.sim.token("owner", kind="classic", scopes=["admin:org_hook", "repo"])
    client.sim.token("stranger", kind="classic", scopes=["repo"])
    row = client.hook.add(client.clock())
    assert client.redeliver(row.id, token="owner").status == 202
    refused = client.ask("GET", client.log, token="stranger")
    assert refused.status == 404
    assert refused.headers["x-oauth-scopes"] == "repo"
    assert refused.headers["x-accepted-oauth-scopes"] == "admin:org_hook"


def test_hidden_webhook_is_not_found(client: Client) -> None:
    client.sim.token("elsewhere", sees=["other"])
    assert client.ask("GET", client.log, token="elsewhere").status == 404
    # Only the App itself may ask for its hook.
    assert client.ask("GET", "/app/hook/deliveries").status == 401


def test_personal_token_names_its_expiration(client: Client) -> None:
    client.sim.token("brief", expires_at=client.clock() + MINUTE)
    said = client.ask("GET", client.log, token="brief").headers["github-authentication-token-expiration"]
    ends = datetime.strptime(said, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC).timestamp() * 1_000
    assert ends == (client.clock() + MINUTE) // 1_000 * 1_000
    assert "github-authentication-token-expiration" not in client.ask("GET", client.log).headers
    client.clock.sleep(60)
    refused = client.ask("GET", client.log, token="brief")
    assert refused.status == 401
    assert "Bad credentials" in refused.body


def test_request_needs_user_agent_token_and_known_version(client: Client) -> None:
    assert raw(client, authorization="token pat").status == 403
    assert raw(client, user_agent="x").status == 401
    assert raw(client, user_agent="x", authorization="Basic pat").status == 401
    assert raw(client, **NAMED, x_github_api_version="2010-01-01").status == 400
    assert raw(client, **NAMED, x_github_api_version="2022-11-28").status == 200


def test_no_secret_enters_the_journal(client: Client) -> None:
    client.sim.token("s3cret")
    client.ask("GET", client.log, token="s3cret")
    (entry,) = client.sim.journal.entries
    assert entry.token == "token-2"
    assert "s3cret" not in repr(entry)


def test_oauth_app_sees_its_own_webhooks_of_an_organization_alone(client: Client) -> None:
    client.sim.token("gho_cli", kind="oauth-app", oauth_app="178c6fc778ccc68e1d6a", scopes=["admin:org_hook", "repo"])
    of_a_repository = client.sim.repo_hook()
    its_own = client.sim.org_hook("octo", oauth_app="178c6fc778ccc68e1d6a")

    def listed(token: str) -> list[int]:
        return [hook["id"] for hook in json.loads(client.ask("GET", "/orgs/octo/hooks", token=token).body)]

    assert (listed("pat"), listed("gho_cli")) == ([client.hook.id], [its_own.id])
    assert client.ask("GET", client.log, token="gho_cli").status == 404
    assert client.ask("GET", f"{its_own.path}/deliveries", token="pat").status == 404
    assert client.ask("GET", of_a_repository.path, token="gho_cli").status == 200
    seen = client.ask("GET", f"{its_own.path}/deliveries", token="gho_cli")
    assert (seen.status, seen.headers["x-oauth-client-id"]) == (200, "178c6fc778ccc68e1d6a")
