"""A GitHub App: how it proves who it is, where it is installed, and the tokens it mints for itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from githubsim.call import Call
from githubsim.clock import HOUR, MINUTE, SECOND
from githubsim.render import iso
from githubsim.tokens import EVERYTHING, Level, Token, covers
from githubsim.wire import Refused, SimResponse, reply

LONGEST_JWT_MS = 10 * MINUTE


@dataclass(slots=True)
class App:
    """An App and the public half of its key (PEM). It proves itself with a JWT that it signs with the other half."""

    id: int
    public_key: str

    @property
    def client_id(self) -> str:
        """The other name that GitHub takes for it."""
        return f"Iv23li{self.id:x}"

    def token_for(self, encoded: str, now: int) -> Token | None:
        """The App's credential, if it signed this JWT and the JWT is valid by the model's clock."""
        try:
            # The library would check the times by the machine's clock, which is not the simulation's.
            claims: dict[str, Any] = jwt.decode(
                encoded,
                self.public_key,
                algorithms=["RS256"],
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
            issued, expires = int(claims["iat"]) * SECOND, int(claims["exp"]) * SECOND
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError):
            return None
        if str(claims.get("iss")) not in {str(self.id), self.client_id} or issued > now + MINUTE:
            return None
        if not now < expires <= now + LONGEST_JWT_MS + MINUTE:
            return None
        return Token(encoded, f"app-{self.id}", "app", app_id=self.id)


@dataclass(slots=True)
class Installation:
    """An App on one organization, and what it was granted there.

    ``repositories`` holds full names in lower case; None is all of them.
    """

    id: int
    app_id: int
    account: str
    account_id: int = 6_811_672
    permissions: Mapping[str, Level] = field(default_factory=lambda: dict(EVERYTHING))
    created_at: int = 0
    token_lives_ms: int = HOUR
    repositories: frozenset[str] | None = None
    suspended: bool = False


def rate_limit(call: Call) -> SimResponse:
    """The hour's limit of the credential that asks, which costs nothing."""
    core = call.sim.limits.core(call.token.name, call.now)
    search = {**core, "limit": 30, "remaining": 30, "used": 0}
    return reply(200, {"resources": {"core": core, "search": search}, "rate": core})


def installation_of(call: Call, owner: str) -> SimResponse:
    """Where the App is installed for one organization or one of its repositories."""
    for one in call.sim.installations_of(call.token.app_id):
        if one.account.lower() == owner.lower():
            return reply(200, _describe(call, one))
    raise Refused(404, "Not Found")


def mint(call: Call, installation_id: str) -> SimResponse:
    """A token for one installation; it lives for an hour. It may be asked for with less than the App has there."""
    for one in call.sim.installations_of(call.token.app_id):
        if str(one.id) == installation_id:
            break
    else:
        raise Refused(404, "Not Found")
    if one.suspended:
        raise Refused(403, "This installation has been suspended")
    asked = call.json() if call.request.body else {}
    permissions, names = _granted(one, asked.get("permissions")), asked.get("repositories")
    expires_at = call.now + one.token_lives_ms
    token = Token(
        f"ghs_{call.sim.desk.new_guid().replace('-', '')}",
        f"installation-{one.id}",
        "installation",
        permissions=permissions,
        sees=frozenset({one.account}),
        expires_at=expires_at,
        repositories=one.repositories if names is None else _chosen(one, names),
    )
    call.sim.tokens.add(token)
    return reply(
        201,
        {
            "token": token.value,
            "expires_at": iso(expires_at, whole_seconds=True),
            "permissions": dict(permissions),
            "repository_selection": "all" if token.repositories is None else "selected",
        },
    )


def _granted(one: Installation, asked: object) -> Mapping[str, Level]:
    """The permissions that are asked for; those of the installation if none are."""
    if asked is None:
        return one.permissions
    if not isinstance(asked, dict) or not all(covers(one.permissions, *pair) for pair in asked.items()):
        raise Refused(422, "The permissions requested are not granted to this installation.")
    return asked


def _chosen(one: Installation, names: object) -> frozenset[str]:
    """The repositories that are asked for, which are named without their owner."""
    chosen = frozenset(f"{one.account}/{name}".lower() for name in names) if isinstance(names, list) else frozenset()
    if not chosen or not chosen <= (chosen if one.repositories is None else one.repositories):
        raise Refused(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        )
    return chosen


def _describe(call: Call, one: Installation) -> dict[str, Any]:
    base = call.sim.base_url + call.sim.root
    when = iso(one.created_at, whole_seconds=True)
    return {
        "id": one.id,
        # GitHub describes an account in one place as a user *and* an enterprise.
        "account": {
            **call.account(one.account, one.account_id, "Organization"),
            "name": one.account,
            "slug": one.account,
            "created_at": when,
            "updated_at": when,
        },
        "repository_selection": "all" if one.repositories is None else "selected",
        "access_tokens_url": f"{base}/app/installations/{one.id}/access_tokens",
        "repositories_url": f"{base}/installation/repositories",
        "html_url": f"{call.sim.base_url}/organizations/{one.account}/settings/installations/{one.id}",
        "app_id": one.app_id,
        "app_slug": "redeliver",
        "target_id": one.account_id,
        "target_type": "Organization",
        "permissions": dict(one.permissions),
        "events": [],
        "created_at": when,
        "updated_at": when,
        "single_file_name": None,
        "suspended_by": None,
        "suspended_at": when if one.suspended else None,
    }
