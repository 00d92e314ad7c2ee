"""Credentials, what each may do, and how GitHub words it when that is not enough."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Level = Literal["read", "write"]
TokenKind = Literal["classic", "fine-grained", "installation", "actions", "app"]

EVERYTHING: Mapping[str, Level] = {
    "organization_hooks": "write",
    "repository_hooks": "write",
    "actions_variables": "write",
    "issues": "write",
}


@dataclass(frozen=True, slots=True)
class Need:
    """What a request takes: a permission of a fine-grained token, or one of the scopes of a classic one."""

    permission: str
    level: Level
    scopes: tuple[str, ...]

    @property
    def words(self) -> str:
        """As ``X-Accepted-GitHub-Permissions`` has it."""
        return f"{self.permission}={self.level}"


ORG_HOOKS_READ = Need("organization_hooks", "read", ("admin:org_hook",))
ORG_HOOKS_WRITE = Need("organization_hooks", "write", ("admin:org_hook",))
REPO_HOOKS_READ = Need("repository_hooks", "read", ("admin:repo_hook", "read:repo_hook", "repo", "write:repo_hook"))
REPO_HOOKS_WRITE = Need("repository_hooks", "write", ("admin:repo_hook", "repo", "write:repo_hook"))
VARIABLES_READ = Need("actions_variables", "read", ("repo",))
VARIABLES_WRITE = Need("actions_variables", "write", ("repo",))
ISSUES_READ = Need("issues", "read", ("repo", "public_repo"))
ISSUES_WRITE = Need("issues", "write", ("repo", "public_repo"))


@dataclass(frozen=True, slots=True)
class Denied:
    """A request the credential may not make."""

    status: int
    message: str


@dataclass(slots=True)
class Token:
    """One credential.

    ``sees`` holds the owners (``octo``) and repositories (``octo/ops``) it reaches; None is all of them. ``name``
    stands for it wherever the secret itself must not appear. Change any of it in mid-run.
    """

    value: str
    name: str
    kind: TokenKind = "fine-grained"
    permissions: Mapping[str, Level] = field(default_factory=lambda: dict(EVERYTHING))
    scopes: frozenset[str] = frozenset()
    sees: frozenset[str] | None = None
    expires_at: int | None = None
    app_id: int | None = None

    def valid(self, now: int) -> bool:
        """Whether GitHub still knows it."""
        return self.expires_at is None or now < self.expires_at

    def denies(self, need: Need, target: str) -> Denied | None:
        """Why this credential does not open ``target`` (``octo`` or ``octo/ops``), or None when it does."""
        if self.kind == "app":
            return Denied(403, "Resource not accessible by integration")
        if self.sees is not None and target not in self.sees and target.partition("/")[0] not in self.sees:
            return Denied(404, "Not Found")
        if self.kind == "classic":
            return None if self.scopes.intersection(need.scopes) else Denied(404, "Not Found")
        held = self.permissions.get(need.permission)
        if held in {"write", need.level}:
            return None
        whose = "personal access token" if self.kind == "fine-grained" else "integration"
        return Denied(403, f"Resource not accessible by {whose}")

    def headers(self, need: Need | None) -> dict[str, str]:
        """What GitHub says about credentials in every answer."""
        if self.kind == "classic":
            accepted = ", ".join(need.scopes) if need else ""
            return {"x-oauth-scopes": ", ".join(sorted(self.scopes)), "x-accepted-oauth-scopes": accepted}
        return {"x-accepted-github-permissions": need.words} if need else {}


class Tokens:
    """Every credential GitHub knows."""

    def __init__(self) -> None:
        """None yet."""
        self._by_value: dict[str, Token] = {}

    def add(self, token: Token) -> Token:
        """Issue one."""
        self._by_value[token.value] = token
        return token

    def revoke(self, token: Token) -> None:
        """Forget one."""
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
        return token if token is not None and token.valid(now) else None
