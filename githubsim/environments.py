"""A repository and its environments: which branches may use each one's secrets, and the secrets themselves.

What a plan refuses was reported by users of private repositories: GitHub then answers 422, and the environment is there
all the same, without any rule (https://github.com/integrations/terraform-provider-github/issues/1262,
https://github.com/backstage/backstage/issues/28977).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any, Literal

from nacl.encoding import Base64Encoder
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from githubsim.call import Call
from githubsim.render import iso
from githubsim.wire import Refused, SimResponse, reply

KEY_ID = "568250167242549743"
#: What takes an Enterprise plan in a private repository, even where it is given as what it is anyway.
_ENTERPRISE = frozenset({"wait_timer", "reviewers", "prevent_self_review"})
_LINKS = (
    *("archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents"),
    *("contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "hooks"),
    *("issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones"),
    *("notifications", "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags", "teams"),
    *("trees", "clone", "git", "ssh", "svn"),
)
_COUNTS = (
    *("forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count", "watchers"),
    *("watchers_count", "network_count", "subscribers_count"),
)
_SWITCHES = (
    *("fork", "has_issues", "has_projects", "has_wiki", "has_pages", "has_discussions", "has_downloads", "disabled"),
)


@dataclass(slots=True)
class Secret:
    """A secret as it was sent, and when it was first and last written (epoch milliseconds)."""

    sealed: str
    created_at: int
    updated_at: int


@dataclass(slots=True)
class Environment:
    """One environment. ``rule``: whether only protected branches count, or only those with a name; None: all do."""

    created_at: int
    rule: Literal["protected", "named"] | None = None
    names: dict[int, str] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    key: PrivateKey = field(default_factory=PrivateKey.generate)

    def secret(self, name: str) -> str:
        """What a workflow reads."""
        return SealedBox(self.key).decrypt(base64.b64decode(self.secrets[name.upper()].sealed)).decode()


@dataclass(slots=True)
class Repository:
    """A repository as far as lists and environments are about it. ``plan``: its owner's."""

    default_branch: str = "main"
    private: bool = True
    archived: bool = False
    plan: Literal["free", "team", "enterprise"] = "team"
    environments: dict[str, Environment] = field(default_factory=dict)

    def environment(self, name: str) -> Environment:
        """One of them, in whatever case its name is written.

        Raises:
            Refused: there is none.
        """
        if name.lower() not in self.environments:
            raise Refused(404, "Not Found")
        return self.environments[name.lower()]


def described(call: Call, repo: str) -> dict[str, Any]:
    """The repository itself."""
    one = call.sim.repository(repo)
    url, (owner, _, name) = f"{call.sim.base_url}{call.sim.root}/repos/{repo}", repo.partition("/")
    when = iso(0, whole_seconds=True)
    return {
        "id": 1_296_269,
        "node_id": "R_1",
        "name": name,
        "full_name": repo,
        "owner": call.account(owner, 6_811_672, "Organization"),
        "private": one.private,
        "default_branch": one.default_branch,
        "url": url,
        "html_url": url,
        "mirror_url": None,
        **dict.fromkeys(("description", "homepage", "language", "license"), None),
        **{f"{what}_url": f"{url}/{what}" for what in _LINKS},
        **dict.fromkeys(_COUNTS, 0),
        **dict.fromkeys(_SWITCHES, False),
        "archived": one.archived,
        **dict.fromkeys(("pushed_at", "created_at", "updated_at"), when),
    }


def one(call: Call, repo: str, name: str) -> SimResponse:
    return reply(200, _environment(call, repo, name))


def put(call: Call, repo: str, name: str) -> SimResponse:
    """Create an environment, or change it.

    Raises:
        Refused: the plan has no such rule. The environment is there nevertheless.
    """
    repository, body = call.sim.repository(repo), call.json()
    found = repository.environments.setdefault(name.lower(), Environment(call.now))
    policy = body.get("deployment_branch_policy")
    lacking = _ENTERPRISE if repository.plan == "team" else _ENTERPRISE | {"deployment_branch_policy"}
    if repository.private and repository.plan != "enterprise" and lacking & body.keys():
        asked = "required reviewers" if _ENTERPRISE & body.keys() else "branch policy"
        raise Refused(
            422,
            "Failed to create the environment protection rule. Please ensure the billing plan supports the "
            f"{asked} protection rule.",
        )
    if policy and policy["protected_branches"] == policy["custom_branch_policies"]:
        raise Refused(422)
    found.rule = None if not policy else "protected" if policy["protected_branches"] else "named"
    return reply(200, _environment(call, repo, name))


def names(call: Call, repo: str, name: str) -> SimResponse:
    found = [_name(*each) for each in call.sim.repository(repo).environment(name).names.items()]
    chosen, headers = call.numbered_page(found)
    return reply(200, {"total_count": len(found), "branch_policies": chosen}, **headers)


def add_name(call: Call, repo: str, name: str) -> SimResponse:
    """Let the branches of a name use the environment. Refusals have no body, as far as GitHub describes them."""
    found, pattern = call.sim.repository(repo).environment(name), str(call.json().get("name"))
    if found.rule != "named":
        return reply(404)
    if pattern in found.names.values():
        return reply(303)
    found.names[max(found.names, default=361_470) + 1] = pattern
    return reply(200, _name(*[*found.names.items()][-1]))


def remove_name(call: Call, repo: str, name: str, number: str) -> SimResponse:
    if call.sim.repository(repo).environment(name).names.pop(int(number), None) is None:
        raise Refused(404, "Not Found")
    return reply(204)


def public_key(call: Call, repo: str, name: str) -> SimResponse:
    key = call.sim.repository(repo).environment(name).key.public_key.encode(Base64Encoder).decode()
    return reply(200, {"key_id": KEY_ID, "key": key})


def secret(call: Call, repo: str, name: str, of: str) -> SimResponse:
    kept = call.sim.repository(repo).environment(name).secrets.get(of.upper())
    if kept is None:
        raise Refused(404, "Not Found")
    times = {what: iso(getattr(kept, what), whole_seconds=True) for what in ("created_at", "updated_at")}
    return reply(200, {"name": of.upper(), **times})


def put_secret(call: Call, repo: str, name: str, of: str) -> SimResponse:
    """Store a secret, which must be sealed for the environment's key."""
    found, body = call.sim.repository(repo).environment(name), call.json()
    sealed, kept = str(body.get("encrypted_value")), found.secrets.get(of.upper())
    try:
        SealedBox(found.key).decrypt(base64.b64decode(sealed))
    except (CryptoError, ValueError):
        raise Refused(422, "Bad request - Improperly encrypted secret") from None
    if body.get("key_id") != KEY_ID:
        raise Refused(422, "Bad request - Improperly encrypted secret")
    found.secrets[of.upper()] = Secret(sealed, kept.created_at if kept else call.now, call.now)
    return reply(204) if kept else reply(201, {})


def _environment(call: Call, repo: str, name: str) -> dict[str, Any]:
    found, url = call.sim.repository(repo).environment(name), f"{call.sim.base_url}/repos/{repo}/environments/{name}"
    when = iso(found.created_at, whole_seconds=True)
    return {
        "id": 161_088_068,
        "node_id": "EN_1",
        "name": name,
        "url": url,
        "html_url": url,
        "created_at": when,
        "updated_at": when,
        "protection_rules": [{"id": 1, "node_id": "GA_1", "type": "branch_policy"}] if found.rule else [],
        "deployment_branch_policy": found.rule
        and {"protected_branches": found.rule == "protected", "custom_branch_policies": found.rule == "named"},
    }


def _name(number: int, pattern: str) -> dict[str, Any]:
    return {"id": number, "node_id": "GBP_1", "name": pattern, "type": "branch"}
