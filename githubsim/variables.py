"""Actions variables of a repository. Names are kept in upper case: to GitHub, case makes no difference."""

from __future__ import annotations

import re
from dataclasses import dataclass

from githubsim.call import Call
from githubsim.render import iso
from githubsim.wire import Refused, SimResponse, reply

LONGEST_VALUE = 48 * 1024
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable as it stands; times are epoch milliseconds."""

    name: str
    value: str
    created_at: int
    updated_at: int


class Variables:
    """The variables of one repository, and every value each has had."""

    def __init__(self) -> None:
        self._kept: dict[str, Variable] = {}
        self.history: list[tuple[int, str, str]] = []

    def __getitem__(self, name: str) -> str:
        return self._kept[name.upper()].value

    def __contains__(self, name: str) -> bool:
        return name.upper() in self._kept

    def __delitem__(self, name: str) -> None:
        """Remove one, as somebody may on a page of GitHub's."""
        del self._kept[name.upper()]

    def seed(self, name: str, value: str, now: int = 0) -> None:
        """Put a value there, whatever was there before."""
        key = name.upper()
        old = self._kept.get(key)
        self._kept[key] = Variable(key, value, now if old is None else old.created_at, now)
        self.history.append((now, key, value))

    def get(self, name: str) -> Variable | None:
        return self._kept.get(name.upper())

    def all(self) -> list[Variable]:
        return [self._kept[name] for name in sorted(self._kept)]

    def create(self, name: object, value: object, now: int) -> None:
        """Add one.

        Raises:
            Refused: it exists (409), or name or value break a rule (422).
        """
        if not isinstance(name, str) or not _NAME.fullmatch(name.upper()):
            raise Refused(
                422,
                "Variable names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). "
                "Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_).",
            )
        if name.upper().startswith("GITHUB_"):
            raise Refused(422, "Variable names must not start with GITHUB_.")
        if name in self:
            raise Refused(409, "Already exists - Variable already exists")
        self.seed(name, self._checked(value), now)

    def update(self, name: str, value: object, now: int) -> None:
        """Change one.

        Raises:
            Refused: there is none (404), or the value breaks a rule (422).
        """
        if name not in self:
            raise Refused(404, "Not Found")
        self.seed(name, self._checked(value), now)

    @staticmethod
    def _checked(value: object) -> str:
        if not isinstance(value, str):
            raise Refused(422, 'Invalid request. "value" must be a string.')
        if len(value.encode()) > LONGEST_VALUE:
            raise Refused(422, "Variable value is too large.")
        return value


def every(call: Call, repo: str) -> SimResponse:
    found = call.sim.variables(repo).all()
    chosen, headers = call.numbered_page(found, most=30)
    return reply(200, {"total_count": len(found), "variables": [_shown(one) for one in chosen]}, **headers)


def one(call: Call, repo: str, name: str) -> SimResponse:
    found = call.sim.variables(repo).get(name)
    if found is None:
        raise Refused(404, "Not Found")
    return reply(200, _shown(found))


def _shown(variable: Variable) -> dict[str, str]:
    times = {"created_at": variable.created_at, "updated_at": variable.updated_at}
    seconds = {what: iso(moment, whole_seconds=True) for what, moment in times.items()}
    return {"name": variable.name, "value": variable.value, **seconds}


def create(call: Call, repo: str) -> SimResponse:
    body = call.json()
    call.sim.variables(repo).create(body.get("name"), body.get("value"), call.now)
    return reply(201, {})


def update(call: Call, repo: str, name: str) -> SimResponse:
    call.sim.variables(repo).update(name, call.json().get("value"), call.now)
    return reply(204)
