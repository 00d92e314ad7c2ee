"""A repository's environment, which holds the token for its default branch alone.

Facts: https://docs.github.com/en/rest/deployments/environments, https://docs.github.com/en/rest/deployments/branch-policies
and https://docs.github.com/en/rest/actions/secrets
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from redeliver.errors import ApiRefused, NoEnvironments
from redeliver.github.connection import seal
from redeliver.github.responses import Purpose, if_there, read_json, status_of
from redeliver.setup.plan import ENVIRONMENT, SECRET, Found

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from redeliver.github.api import Caller
    from redeliver.github.responses import Body, Response, Verb

T = TypeVar("T")

_PERMISSION = (
    'the repository permissions "Administration: read and write", "Environments: read and write" and "Actions: read" '
    "(a classic token: the scope repo); its user must be an administrator of the repository"
)
#: As Git allows: https://git-scm.com/docs/git-check-ref-format
_Ref = Annotated[str, Field(pattern=r"^[^\x00-\x20\x7f~^:?*\[\\]{1,255}$")]


class _Repository(TypedDict):
    default_branch: _Ref


class _Policy(TypedDict):
    custom_branch_policies: bool


class _Environment(TypedDict):
    deployment_branch_policy: _Policy | None


class _Name(TypedDict):
    id: int
    name: Annotated[str, Field(max_length=1_000)]
    type: Literal["branch", "tag"]


class _Names(TypedDict):
    branch_policies: Annotated[list[_Name], Field(max_length=100)]


class _Secret(TypedDict):
    updated_at: Annotated[str, Field(pattern=r"^[0-9T:.Z+-]{1,40}$")]


class _Key(TypedDict):
    key_id: Annotated[str, Field(max_length=100)]
    key: Annotated[str, Field(max_length=1_000)]


_REPOSITORY = TypeAdapter(_Repository)
_ENVIRONMENT = if_there(TypeAdapter(_Environment))
_NAMES = TypeAdapter(_Names)
_SECRET = if_there(TypeAdapter(_Secret))
_KEY = TypeAdapter(_Key)


def default_branch(caller: Caller, repository: str) -> str:
    """The name of its default branch, which shows that it is there, too. Raises ApiError, OutOfTime."""
    purpose = Purpose(f"look at {repository}", "access to it", f"GitHub has no repository {repository}")
    read = caller.call("GET", f"/repos/{repository}", purpose, lambda told: read_json(_REPOSITORY, told.body))
    return read["default_branch"]


class Environment:
    """Looks, sets the rule, and stores the token. All methods raise ApiError and OutOfTime.

    PyGithub's own objects would not do: they know no rules by name, and to create an environment they send what only an
    Enterprise plan allows (https://github.com/alchemy-run/alchemy/pull/1373).
    """

    def __init__(self, caller: Caller, repository: str) -> None:
        """``caller``: with a credential that is never stored."""
        self._caller = caller
        self._repository = repository
        self._path = f"/repos/{repository}/environments/{ENVIRONMENT}"
        self._rules = f"{self._path}/deployment-branch-policies"

    def look(self) -> Found:
        """What is there."""
        branch = default_branch(self._caller, self._repository)
        there = self._ask("GET", self._path, _ENVIRONMENT, accept=(404,))
        if there is None:
            return Found(branch)
        names = None
        if (policy := there["deployment_branch_policy"]) and policy["custom_branch_policies"]:
            listed = self._ask("GET", self._rules, lambda told: read_json(_NAMES, told.body), query={"per_page": "100"})
            names = {f"{'tag ' * (one['type'] == 'tag')}{one['name']}": one["id"] for one in listed["branch_policies"]}
        kept = self._ask("GET", f"{self._path}/secrets/{SECRET}", _SECRET, accept=(404,))
        return Found(branch, has_environment=True, names=names, secret_since=kept["updated_at"] if kept else "")

    def protect(self, found: Found) -> None:
        """Have the default branch alone use it.

        Raises:
            NoEnvironments: the plan has no such rule.
        """
        rule = {"protected_branches": False, "custom_branch_policies": True}
        try:
            if found.names is None:
                # Nothing else, since a plan may refuse it even where it changes nothing.
                self._ask("PUT", self._path, _done, body={"deployment_branch_policy": rule})
            for name, number in (found.names or {}).items():
                if name != found.branch:
                    self._ask("DELETE", f"{self._rules}/{number}", _done, accept=(404,))
            if found.branch not in (found.names or {}):
                self._ask("POST", self._rules, _done, body={"name": found.branch}, accept=(303,))
        except ApiRefused as refused:
            if refused.status == 422 and "billing plan" in refused.message:
                raise NoEnvironments(repository=self._repository) from None
            raise
        # A plan without the rule was seen to leave an environment that has none.
        if not self.look().is_protected:
            raise NoEnvironments(repository=self._repository)

    def store(self, token: str) -> None:
        """Store the token, sealed for the environment."""

        def sealed(told: Response) -> Body:
            key = read_json(_KEY, told.body)
            return {"encrypted_value": seal(key["key"], token), "key_id": key["key_id"]}

        body = self._ask("GET", f"{self._path}/secrets/public-key", sealed)
        self._ask("PUT", f"{self._path}/secrets/{SECRET}", status_of(201, 204), body=body)

    def _ask(
        self,
        verb: Verb,
        path: str,
        parse: Callable[[Response], T],
        *,
        query: Mapping[str, str] | None = None,
        body: Body | None = None,
        accept: Container[int | None] = (),
    ) -> T:
        purpose = Purpose(
            f"{'read' if verb == 'GET' else 'set up'} the environment {ENVIRONMENT} of {self._repository} as the user "
            "of GH_TOKEN",
            _PERMISSION,
            f"GitHub has no environment {ENVIRONMENT} of {self._repository}",
        )
        return self._caller.call(verb, path, purpose, parse, query=query, body=body, accept=accept)


def _done(_: Response) -> None:
    """What was asked for is looked at afterwards."""
