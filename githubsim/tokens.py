"""Credentials, what each may do, and how GitHub words it when that is not enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from githubsim.wire import Refused

Level = Literal["read", "write"]
TokenKind = Literal["classic", "oauth-app", "fine-grained", "installation", "actions", "app"]

EVERYTHING: Mapping[str, Level] = {
    "organization_hooks": "write",
    "repository_hooks": "write",
    "actions_variables": "write",
    "issues": "write",
    "actions": "write",
    "administration": "write",
    "environments": "write",
}


@dataclass(frozen=True, slots=True)
class Need:
    """What a request takes: a permission of a fine-grained token, or one of the scopes of a classic one."""

    permission: str
    level: Level
    scopes: tuple[str, ...]


def covers(held: Mapping[str, Level], permission: str, level: str) -> bool:
    """Whether what is held is enough: a permission to write is one to read, too."""
    return held.get(permission) in {"write", level}


@dataclass(slots=True)
class Token:
    """One credential.

    ``sees`` holds the owners (``octo``) and repositories (``octo/ops``) it reaches; None is all of them. Where
    ``repositories`` is not None, it holds those among an owner's, by full names in lower case. ``name`` stands for it
    wherever the secret itself must not appear. ``user``: whose it is. ``oauth_app``: the client id of the OAuth
    app that holds it for a user. Change any of it in mid-run.
    """

    value: str
    name: str
    kind: TokenKind = "fine-grained"
    permissions: Mapping[str, Level] = field(default_factory=lambda: dict(EVERYTHING))
    scopes: frozenset[str] = frozenset()
    sees: frozenset[str] | None = None
    expires_at: int | None = None
    app_id: int | None = None
    oauth_app: str = ""
    repositories: frozenset[str] | None = None
    user: str = ""

    @property
    def has_scopes(self) -> bool:
        """Whether scopes say what it may do, and not permissions."""
        return self.kind in {"classic", "oauth-app"}

    def check(self, need: Need, target: str) -> None:
        """Whether this credential opens ``target`` (``octo`` or ``octo/ops``).

        Raises:
            Refused: it does not.
        """
        if self.kind == "app":
            raise Refused(403, "Resource not accessible by integration")
        if not self.reaches(target) or (self.has_scopes and not self.scopes.intersection(need.scopes)):
            raise Refused(404, "Not Found")
        # Every token may read what a repository is.
        is_open = self.has_scopes or need.permission == "metadata"
        if not is_open and not covers(self.permissions, need.permission, need.level):
            whose = "personal access token" if self.kind == "fine-grained" else "integration"
            raise Refused(403, f"Resource not accessible by {whose}")

    def reaches(self, target: str) -> bool:
        """Whether ``target`` (``octo`` or ``octo/ops``) is within its reach, whatever it may do there."""
        name = target.lower()
        unseen = self.sees is not None and {name, name.partition("/")[0]}.isdisjoint(map(str.lower, self.sees))
        unnamed = self.repositories is not None and "/" in name and name not in self.repositories
        return not (unseen or unnamed)

    def headers(self, need: Need | None) -> dict[str, str]:
        """What GitHub says about credentials in every answer."""
        end = {}
        if self.kind in {"classic", "fine-grained"} and self.expires_at is not None:
            end["github-authentication-token-expiration"] = (
                f"{datetime.fromtimestamp(self.expires_at // 1_000, UTC):%F %T} UTC"
            )
        if self.oauth_app:
            end["x-oauth-client-id"] = self.oauth_app
        if self.has_scopes:
            accepted = ", ".join(need.scopes) if need else ""
            return end | {"x-oauth-scopes": ", ".join(sorted(self.scopes)), "x-accepted-oauth-scopes": accepted}
        return end | ({"x-accepted-github-permissions": f"{need.permission}={need.level}"} if need else {})


class Tokens:
    """Every credential GitHub knows."""

    def __init__(self) -> None:
        self._by_value: dict[str, Token] = {}

    def add(self, token: Token) -> Token:
        self._by_value[token.value] = token
        return token

    def revoke(self, token: Token) -> None:
        del self._by_value[token.value]

    def next_name(self) -> str:
        """A name that no credential has."""
        return f"token-{len(self._by_value) + 1}"

    def of(self, authorization: str, now: int) -> Token | None:
        """Whose this ``Authorization`` header is, if it is anyone's and still valid."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() not in {"bearer", "token"}:
            return None
        token = self._by_value.get(value.strip())
        return token if token and (token.expires_at is None or now < token.expires_at) else None
