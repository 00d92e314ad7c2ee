"""Every kind of webhook, every credential that opens it, every GitHub there is: what a run is given for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from command.keys import key_pair
from githubsim.apps import Installation
from githubsim.behaviour import Behaviour
from githubsim.clock import DAY
from githubsim.hooks import Hook
from githubsim.model import SimGitHub
from world import World

APP_ID = 91_011
VARIABLES = "octo/ops"
VARIABLE = "CHECKPOINT"

HookKind = Literal["organization", "repository", "app"]
CredentialKind = Literal["fine-grained", "classic", "installation", "app"]


@dataclass(frozen=True, slots=True)
class Place:
    """One GitHub: where its API is, how long it keeps deliveries, what else is different there."""

    name: str
    base_url: str
    root: str = ""
    retention_days: int = 3
    differences: Mapping[str, Any] = field(default_factory=dict)

    @property
    def api_url(self) -> str:
        """What a user writes into ``api-url``, or what the runner has in GITHUB_API_URL."""
        return self.base_url + self.root

    def behaviour(self) -> Behaviour:
        """The simulation's side of it."""
        return Behaviour(retention_ms=self.retention_days * DAY, **self.differences)


PLACES = (
    Place("github.com", "https://api.github.com", differences={"numeric_links": True}),
    Place("GHE.com", "https://api.octocorp.ghe.com", differences={"numeric_links": True}),
    Place("Enterprise Server", "https://github.octocorp.example", "/api/v3", 7),
    Place(
        "an older Enterprise Server",
        "https://github.octocorp.example:8443",
        "/api/v3",
        7,
        {"status_filter": False, "whole_seconds": True},
    ),
)

#: The least that each hook takes; variables are always in ``octo/ops``.
_PERMISSION = {"organization": "organization_hooks", "repository": "repository_hooks"}
_SCOPES = {"organization": ("admin:org_hook", "repo"), "repository": ("admin:repo_hook", "repo")}


def add_hook(sim: SimGitHub, kind: HookKind, **settings: Any) -> Hook:  # noqa: ANN401 - fields of Hook
    """A webhook of that kind."""
    match kind:
        case "organization":
            return sim.org_hook("octo", **settings)
        case "repository":
            return sim.repo_hook("octo/hello", **settings)
        case "app":
            return sim.app_hook(APP_ID, **settings)


def grant(sim: SimGitHub, hook: HookKind, credential: CredentialKind) -> dict[str, str]:
    """Issue a credential that may do what it has to and no more; gives the inputs that hand it over."""
    if hook == "app":
        sim.app(APP_ID, key_pair().public)
        sim.token("variables", permissions={"actions_variables": "write"})
        return {"app-id": str(APP_ID), "private-key": key_pair().private, "variable-token": "variables"}
    permissions: dict[str, Any] = {_PERMISSION[hook]: "write", "actions_variables": "write"}
    match credential:
        case "app":
            sim.app(APP_ID, key_pair().public, Installation(77, APP_ID, "octo", permissions=permissions))
            return {"app-id": str(APP_ID), "private-key": key_pair().private}
        case "classic":
            sim.token("ghp_given", kind="classic", scopes=_SCOPES[hook])
            return {"token": "ghp_given"}
        case "installation":
            sim.token("ghs_given", kind="installation", permissions=permissions, sees=["octo"])
            return {"token": "ghs_given"}
        case "fine-grained":
            sim.token("github_pat_given", permissions=permissions, sees=["octo"])
            return {"token": "github_pat_given"}


def whose(hook: Hook) -> dict[str, str]:
    """The inputs that name a webhook."""
    match hook.target_type:
        case "organization":
            return {"org": hook.target, "hook-id": str(hook.id)}
        case "repository":
            return {"repository": hook.target, "hook-id": str(hook.id)}
        case _:
            return {}


def variable(name: str = VARIABLE) -> dict[str, str]:
    """The inputs that name the checkpoint's variable."""
    return {"variable-name": name, "variable-repository": VARIABLES}


class Site(World):
    """One webhook at one GitHub, and one credential for it."""

    def __init__(self, place: Place, hook: HookKind, credential: CredentialKind) -> None:
        super().__init__(base_url=place.base_url, root=place.root, behaviour=place.behaviour())
        self.place = place
        self.sim.hooks.clear()
        self.sim.tokens.revoke(self.token)
        self.hook = add_hook(self.sim, hook)
        self.given = {"api-url": place.api_url, **whose(self.hook), **variable(), **grant(self.sim, hook, credential)}

    def inputs(self, **changed: str) -> dict[str, str]:
        return self.given | {name.replace("_", "-"): value for name, value in changed.items()}


def combinations(places: Iterable[Place] = PLACES) -> list[tuple[Place, HookKind, CredentialKind]]:
    """Every combination that GitHub allows: an App's own webhook opens to its key alone."""
    hooks: tuple[HookKind, ...] = ("organization", "repository")
    credentials: tuple[CredentialKind, ...] = ("fine-grained", "classic", "installation", "app")
    every: list[tuple[Place, HookKind, CredentialKind]] = []
    for place in places:
        every += [(place, hook, credential) for hook in hooks for credential in credentials]
        every.append((place, "app", "app"))
    return every
