"""Installation tokens of an App, which the action makes with the App's private key.

Facts: https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app — an installation token
is valid for an hour — and https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, NotRequired

from pydantic import AwareDatetime, Field, SecretStr, TypeAdapter
from typing_extensions import TypedDict

from redeliver.errors import ApiRefused, AppLacks, NotInstalled
from redeliver.github.responses import Purpose, if_there, read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from redeliver.core.settings import Settings
    from redeliver.errors import ApiError
    from redeliver.github.api import Caller
    from redeliver.github.responses import Body, Transport

#: A token is replaced this many milliseconds before it expires: longer than any call takes.
_EARLY = 5 * 60_000


@dataclass(frozen=True, slots=True)
class AppKey:
    """What an App authenticates with."""

    app_id: str
    private_key: SecretStr


#: What a connection authenticates with: a token, or an App's key.
Credential = str | AppKey


#: GitHub's names of permissions, and how its pages and our sentences name them.
_PERMISSIONS = {
    "organization_hooks": 'the organization permission "Webhooks: {level}"',
    "repository_hooks": 'the repository permission "Webhooks: {level}"',
    "actions_variables": 'the repository permission "Variables: {level}"',
}


def grant_for(settings: Settings, *, sends: bool) -> tuple[dict[str, str], tuple[str, ...]]:
    """The permissions and repositories that a run needs. ``sends``: it redelivers and writes, else it only reads.

    Of several repositories there are no names: the permissions then hold for all that the installation has. GitHub
    makes no token if a single one that is named is not there.
    """
    level = "write" if sends else "read"
    permissions = {"organization_hooks" if settings.org else "repository_hooks": level}
    repositories = [*settings.repository]
    if settings.variable_name and not settings.variable_token.get_secret_value():
        permissions["actions_variables"] = level
        repositories.append(settings.variable_repository)
    return permissions, () if settings.is_fleet else tuple(repositories)


class _Listed(TypedDict):
    id: Annotated[int, Field(gt=0, lt=2**63)]
    permissions: NotRequired[object]


class _Token(TypedDict):
    token: Annotated[str, Field(pattern=r"^[!-~]+$", max_length=10_000)]
    expires_at: AwareDatetime


_INSTALLATION = if_there(TypeAdapter(_Listed))
_TOKEN = TypeAdapter(_Token)


@dataclass(slots=True)
class Installation:
    """An App's installation at one owner, and a connection as that, with a token that is renewed in time.

    The token can do nothing but what it is made for, whatever the App can do.
    """

    app_id: str
    app: Caller
    """Makes calls as the App itself."""
    owner_path: str
    """The organization's or repository's path in the API: ``/orgs/octo``."""
    connect: Callable[[Credential], Transport]
    permissions: Mapping[str, str]
    """``read`` or ``write`` by GitHub's name of the permission."""
    repositories: tuple[str, ...]
    """Full names, all of the installation's owner. Empty: the permissions are not about repositories."""
    _transport: Transport | None = field(default=None, init=False)
    _renew_at: int = field(default=0, init=False)

    def connected(self) -> Transport:
        """A connection for the next call. Raises ApiError and OutOfTime if no token can be made."""
        if self._transport is not None and self.app.now() < self._renew_at:
            return self._transport
        whose = self.owner_path.partition("/")[2].partition("/")[2]
        needed = f"an App that is installed on {whose}, with access to its webhooks"
        missing = f"The App has no installation on {whose}"
        purpose = Purpose(f"find the App's installation on {whose}", needed, missing)
        found = self.app.call("GET", f"{self.owner_path}/installation", purpose, _INSTALLATION, accept=(404,))
        if found is None:
            raise NotInstalled(app=self.app_id, owner=whose)
        purpose = Purpose(f"make a token for the App's installation on {whose}", needed, missing)
        try:
            path = f"/app/installations/{found['id']}/access_tokens"
            # The API takes repositories without their owner.
            names = {one.lower(): one.partition("/")[2] for one in self.repositories}
            body: Body = {"permissions": self.permissions, **({"repositories": [*names.values()]} if names else {})}
            made = self.app.call("POST", path, purpose, lambda told: read_json(_TOKEN, told.body), body=body)
        except ApiRefused as refused:
            raise self._why(refused, found, whose) from None
        self._renew_at = int(made["expires_at"].timestamp() * 1000) - _EARLY
        self._transport = self.connect(made["token"])
        return self._transport

    def _why(self, refused: ApiRefused, found: _Listed, whose: str) -> ApiError:
        """A 422 does not name what the App lacks; its installation does."""
        if refused.status != 422:
            return refused
        held = found.get("permissions")
        held = held if isinstance(held, dict) else {}
        lacking = [
            _PERMISSIONS[name].format(level=level.replace("write", "read and write"))
            for name, level in self.permissions.items()
            if held.get(name) not in {"write", level}
        ]
        if not lacking and "repositor" in refused.message:
            lacking = [f"access to {one}" for one in self.repositories]
        if not lacking:
            return refused
        return AppLacks(owner=whose, lacking=" and ".join(lacking), request_id=refused.request_id)
