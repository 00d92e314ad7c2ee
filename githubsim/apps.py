"""A GitHub App: how it proves who it is, and where it is installed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import jwt

from githubsim.clock import HOUR, MINUTE, SECOND
from githubsim.tokens import EVERYTHING, Level, Token

if TYPE_CHECKING:
    from collections.abc import Mapping

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
