"""Tokens that the action makes for itself, from a GitHub App's private key.

Facts: https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app — an installation's token
is good for an hour.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from pydantic import AwareDatetime, Field, SecretStr, TypeAdapter
from typing_extensions import TypedDict

from redeliver.errors import NotInstalled
from redeliver.github.answers import Task, read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redeliver.github.api import Caller
    from redeliver.github.transport import Response, Transport, Verb

#: Milliseconds before its end at which a token is replaced: longer than any call takes.
_EARLY = 5 * 60_000


@dataclass(frozen=True, slots=True)
class AppKey:
    """What an App proves itself with."""

    app_id: str
    private_key: SecretStr


#: A token, or an App's key.
Credential = str | AppKey


class _Installation(TypedDict):
    id: Annotated[int, Field(gt=0, lt=2**63)]


class _Made(TypedDict):
    token: Annotated[str, Field(pattern=r"^[!-~]+$", max_length=10_000)]
    expires_at: AwareDatetime


_INSTALLATION = TypeAdapter(_Installation)
_MADE = TypeAdapter(_Made)


@dataclass(slots=True)
class InstallationTransport:
    """Calls as an App's installation at one owner, with a token of its own that is renewed in time."""

    app_id: str
    app: Caller
    """Calls as the App itself."""
    owner_path: str
    """Of the organization or repository, in the API: ``/orgs/octo``."""
    connect: Callable[[Credential], Transport]
    _inner: Transport | None = field(default=None, init=False)
    _renew_at: int = field(default=0, init=False)

    def exchange(
        self,
        verb: Verb,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, str] | None = None,
    ) -> Response:
        """As any transport; raises ApiError and OutOfTime too, when no token can be had."""
        if self._inner is None or self.app.now() >= self._renew_at:
            self._inner = self._make()
        return self._inner.exchange(verb, path, query=query, body=body)

    def _make(self) -> Transport:
        whose = self.owner_path.partition("/")[2].partition("/")[2]
        needed = f"the App to be installed at {whose}, with the right to its webhooks"
        task = Task(f"find the App's installation at {whose}", needed)
        found = self.app.get(f"{self.owner_path}/installation", {}, task, _installation, missing=True)
        if found is None:
            raise NotInstalled(app=self.app_id, owner=whose)
        task = Task(f"make a token for the App's installation at {whose}", needed)
        made = self.app.make(f"/app/installations/{found['id']}/access_tokens", task, lambda one: read_json(_MADE, one))
        self._renew_at = int(made["expires_at"].timestamp() * 1000) - _EARLY
        return self.connect(made["token"])


def _installation(answer: Response) -> _Installation | None:
    return None if answer.status == 404 else read_json(_INSTALLATION, answer)
