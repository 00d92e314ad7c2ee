"""Which request is about what: from verb and path to a need, a target and the function that answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from githubsim import apps, deliveries, environments, issues, repositories, variables
from githubsim.call import Call
from githubsim.hooks import TargetType
from githubsim.tokens import Level, Need
from githubsim.wire import SimResponse, reply

#: What a request takes, by the permission's name: the scopes of a classic token that stand for it, and those that are
#: enough to read.
_SCOPES = {
    "organization_hooks": (("admin:org_hook",), ()),
    "repository_hooks": (("admin:repo_hook", "repo", "write:repo_hook"), ("read:repo_hook",)),
    "actions_variables": (("repo",), ()),
    "issues": (("repo", "public_repo"), ()),
    "metadata": (("repo", "public_repo"), ()),
    "actions": (("repo",), ()),
    "administration": (("repo",), ()),
    "environments": (("repo",), ()),
}


@dataclass(frozen=True, slots=True)
class Route:
    """What a request is about. No ``need``: any valid credential will do; ``app``: only the App itself may ask."""

    answer: Callable[[Call], SimResponse]
    target: str = ""
    need: Need | None = None
    app: bool = False
    free: bool = False


def route(verb: str, path: str) -> Route | None:  # noqa: C901, PLR0911 - a table
    """The route of a request, or None where GitHub has nothing."""
    match (verb, *path.strip("/").split("/")):
        case ("GET", "rate_limit"):
            return Route(apps.rate_limit, free=True)
        case (_, "orgs", org, "hooks", *rest):
            return _hooks(verb, rest, "organization", org)
        case (_, "repos", owner, repo, "hooks", *rest):
            return _hooks(verb, rest, "repository", f"{owner}/{repo}")
        case (_, "app", "hook", *rest):
            return _hooks(verb, ["", *rest], "integration", "")
        case ("GET", "orgs", org, "repos"):
            return Route(partial(repositories.of_organization, org=org))
        case ("GET", "installation", "repositories"):
            return Route(repositories.of_installation)
        case ("GET", "user", "repos"):
            return Route(repositories.of_user)
        case ("GET", "orgs", owner, "installation") | ("GET", "repos", owner, _, "installation"):
            return Route(partial(apps.installation_of, owner=owner), app=True)
        case ("POST", "app", "installations", installation, "access_tokens"):
            return Route(partial(apps.mint, installation_id=installation), app=True)
        case (_, "repos", owner, repo, "environments", name, *rest):
            return _environment(verb, f"{owner}/{repo}", name, rest)
        case (_, "repos", owner, repo, *rest):
            return _repository(verb, f"{owner}/{repo}", rest)
        case _:
            return None


def _hooks(verb: str, rest: list[str], kind: TargetType, target: str) -> Route | None:
    """What an organization, a repository and an App have alike. ``rest`` begins with the hook's id, if it has one."""
    answer: Callable[[Call], SimResponse]
    match (verb, *rest):
        case ("GET",):
            answer = partial(deliveries.every, target_type=kind, target=target)
        case ("GET", hook):
            answer = partial(deliveries.one, target_type=kind, target=target, hook_id=hook)
        case ("GET", hook, "deliveries"):
            answer = lambda call: deliveries.page(call, call.hook(kind, target, hook))  # noqa: E731
        case ("GET", hook, "deliveries", row):
            answer = lambda call: deliveries.delivery(call, call.hook(kind, target, hook), row)  # noqa: E731
        case ("POST", hook, "deliveries", row, "attempts"):
            answer = lambda call: deliveries.redeliver(call, call.hook(kind, target, hook), row)  # noqa: E731
        case _:
            return None
    if kind == "integration":
        return Route(answer, app=True)
    return Route(answer, target, _need(f"{kind}_hooks", "read" if verb == "GET" else "write"))


def _repository(verb: str, repo: str, rest: list[str]) -> Route | None:
    answer: Callable[..., SimResponse]
    match (verb, *rest):
        case ("GET",):
            return Route(lambda call: reply(200, environments.described(call, repo)), repo, _need("metadata", "read"))
        case ("GET" | "POST", "actions", "variables"):
            answer = variables.every if verb == "GET" else variables.create
        case ("GET" | "PATCH", "actions", "variables", _):
            answer = variables.one if verb == "GET" else variables.update
        case ("GET" | "POST", "issues"):
            answer = issues.every if verb == "GET" else issues.create
        case ("PATCH", "issues", _):
            answer = issues.update
        case ("POST", "issues", _, "comments"):
            answer = issues.comment
        case ("POST", "labels"):
            answer = issues.create_label
        case _:
            return None
    permission = "actions_variables" if rest[0] == "actions" else "issues"
    # The name of a variable, or the number of an issue.
    named = rest[2:3] if rest[0] == "actions" else rest[1:2]
    return Route(lambda call: answer(call, repo, *named), repo, _need(permission, "read" if verb == "GET" else "write"))


def _environment(verb: str, repo: str, name: str, rest: list[str]) -> Route | None:
    """What an environment is takes other permissions than the secrets in it."""
    answer: Callable[..., SimResponse]
    permission = "environments" if rest[:1] == ["secrets"] else "actions" if verb == "GET" else "administration"
    match (verb, *rest):
        case ("GET" | "PUT",):
            answer = environments.one if verb == "GET" else environments.put
        case ("GET" | "POST", "deployment-branch-policies"):
            answer = environments.names if verb == "GET" else environments.add_name
        case ("DELETE", "deployment-branch-policies", _):
            answer = environments.remove_name
        case ("GET", "secrets", "public-key"):
            answer, rest = environments.public_key, []
        case ("GET" | "PUT", "secrets", _):
            answer = environments.secret if verb == "GET" else environments.put_secret
        case _:
            return None
    need = _need(permission, "read" if verb == "GET" else "write")
    return Route(lambda call: answer(call, repo, name, *rest[1:]), repo, need)


@cache
def _need(permission: str, level: Level) -> Need:
    scopes, to_read = _SCOPES[permission]
    return Need(permission, level, tuple(sorted((*scopes, *to_read)) if level == "read" else scopes))
