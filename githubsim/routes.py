"""Which request is about what: from verb and path to a need, a target and the function that answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from githubsim import tokens
from githubsim.answers import apps, deliveries, hooks, issues, limits, variables

if TYPE_CHECKING:
    from collections.abc import Callable

    from githubsim.answers.call import Call
    from githubsim.tokens import Need
    from githubsim.wire import SimResponse


@dataclass(frozen=True, slots=True)
class Route:
    """What a request is about. No ``need``: any valid credential will do; ``app``: only the App itself may ask."""

    answer: Callable[[Call], SimResponse]
    target: str = ""
    need: Need | None = None
    app: bool = False
    free: bool = False


def route(verb: str, path: str) -> Route | None:  # noqa: C901, PLR0911, PLR0912 - a table, and best read as one
    """The route of a request, or None where GitHub has nothing."""
    read, write = tokens.ORG_HOOKS_READ, tokens.ORG_HOOKS_WRITE
    match (verb, *path.strip("/").split("/")):
        case ("GET", "rate_limit"):
            return Route(limits.overview, free=True)
        case ("GET", "orgs", org, "hooks"):
            return Route(lambda call: hooks.every(call, "organization", org), org, read)
        case ("GET", "orgs", org, "hooks", hook):
            return Route(lambda call: hooks.one(call, "organization", org, hook), org, read)
        case ("GET", "orgs", org, "hooks", hook, "deliveries"):
            return Route(lambda call: deliveries.page(call, call.hook("organization", org, hook)), org, read)
        case ("GET", "orgs", org, "hooks", hook, "deliveries", row):
            return Route(lambda call: deliveries.one(call, call.hook("organization", org, hook), row), org, read)
        case ("POST", "orgs", org, "hooks", hook, "deliveries", row, "attempts"):
            return Route(lambda call: deliveries.redeliver(call, call.hook("organization", org, hook), row), org, write)
        case ("GET", "orgs", org, "installation"):
            return Route(lambda call: apps.installation_of(call, org), org, app=True)
        case ("GET", "app", "hook", "config"):
            return Route(lambda call: hooks.config(call, call.app_hook()), app=True)
        case ("GET", "app", "hook", "deliveries"):
            return Route(lambda call: deliveries.page(call, call.app_hook()), app=True)
        case ("GET", "app", "hook", "deliveries", row):
            return Route(lambda call: deliveries.one(call, call.app_hook(), row), app=True)
        case ("POST", "app", "hook", "deliveries", row, "attempts"):
            return Route(lambda call: deliveries.redeliver(call, call.app_hook(), row), app=True)
        case ("GET", "app", "installations"):
            return Route(apps.installations, app=True)
        case ("POST", "app", "installations", installation, "access_tokens"):
            return Route(lambda call: apps.mint(call, installation), app=True)
        case (_, "repos", owner, repo, *rest):
            return _repository(verb, f"{owner}/{repo}", rest)
        case _:
            return None


def _repository(verb: str, repo: str, rest: list[str]) -> Route | None:  # noqa: C901, PLR0911, PLR0912 - a table
    read, write = tokens.REPO_HOOKS_READ, tokens.REPO_HOOKS_WRITE
    look, change = tokens.VARIABLES_READ, tokens.VARIABLES_WRITE
    match (verb, *rest):
        case ("GET", "hooks"):
            return Route(lambda call: hooks.every(call, "repository", repo), repo, read)
        case ("GET", "hooks", hook):
            return Route(lambda call: hooks.one(call, "repository", repo, hook), repo, read)
        case ("GET", "hooks", hook, "deliveries"):
            return Route(lambda call: deliveries.page(call, call.hook("repository", repo, hook)), repo, read)
        case ("GET", "hooks", hook, "deliveries", row):
            return Route(lambda call: deliveries.one(call, call.hook("repository", repo, hook), row), repo, read)
        case ("POST", "hooks", hook, "deliveries", row, "attempts"):
            return Route(lambda call: deliveries.redeliver(call, call.hook("repository", repo, hook), row), repo, write)
        case ("GET", "installation"):
            return Route(lambda call: apps.installation_of(call, repo), repo, app=True)
        case ("GET", "actions", "variables"):
            return Route(lambda call: variables.every(call, repo), repo, look)
        case ("POST", "actions", "variables"):
            return Route(lambda call: variables.create(call, repo), repo, change)
        case ("GET", "actions", "variables", name):
            return Route(lambda call: variables.one(call, repo, name), repo, look)
        case ("PATCH", "actions", "variables", name):
            return Route(lambda call: variables.update(call, repo, name), repo, change)
        case ("DELETE", "actions", "variables", name):
            return Route(lambda call: variables.delete(call, repo, name), repo, change)
        case ("GET", "issues"):
            return Route(lambda call: issues.every(call, repo), repo, tokens.ISSUES_READ)
        case ("POST", "issues"):
            return Route(lambda call: issues.create(call, repo), repo, tokens.ISSUES_WRITE)
        case ("PATCH", "issues", number):
            return Route(lambda call: issues.update(call, repo, number), repo, tokens.ISSUES_WRITE)
        case ("POST", "issues", number, "comments"):
            return Route(lambda call: issues.comment(call, repo, number), repo, tokens.ISSUES_WRITE)
        case ("POST", "labels"):
            return Route(lambda call: issues.create_label(call, repo), repo, tokens.ISSUES_WRITE)
        case _:
            return None
