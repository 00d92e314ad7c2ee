"""Actions variables of one repository. Names are kept in upper case: to GitHub, case makes no difference."""

from __future__ import annotations

import re
from dataclasses import dataclass

LONGEST_VALUE = 48 * 1024
_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")


class Refused(Exception):
    """GitHub would say no; ``status`` is what it would answer."""

    def __init__(self, status: int, message: str) -> None:
        """Say no, and why."""
        super().__init__(message)
        self.status = status
        self.message = message


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
        """None yet."""
        self._kept: dict[str, Variable] = {}
        self.history: list[tuple[int, str, str | None]] = []

    def __getitem__(self, name: str) -> str:
        """The value, for tests."""
        return self._kept[name.upper()].value

    def __contains__(self, name: str) -> bool:
        """Whether there is one."""
        return name.upper() in self._kept

    def seed(self, name: str, value: str, now: int = 0) -> None:
        """Put a value there, whatever was there before."""
        self._keep(name.upper(), value, now)

    def get(self, name: str) -> Variable | None:
        """The variable, if there is one."""
        return self._kept.get(name.upper())

    def all(self) -> list[Variable]:
        """All of them, by name."""
        return [self._kept[name] for name in sorted(self._kept)]

    def create(self, name: str, value: str, now: int) -> None:
        """Add one.

        Raises:
            Refused: it exists (409), or name or value break a rule (422).
        """
        key = self._checked(name, value)
        if key in self._kept:
            raise Refused(409, "Already exists - Variable already exists")
        self._keep(key, value, now)

    def update(self, name: str, value: str | None, now: int, new_name: str | None = None) -> None:
        """Change one.

        Raises:
            Refused: there is none (404), or the new name or value break a rule (409, 422).
        """
        old = self.get(name)
        if old is None:
            raise Refused(404, "Not Found")
        kept_value = old.value if value is None else value
        key = self._checked(old.name if new_name is None else new_name, kept_value)
        if key != old.name:
            if key in self._kept:
                raise Refused(409, "Already exists - Variable already exists")
            self.delete(old.name, now)
        self._keep(key, kept_value, now)

    def delete(self, name: str, now: int) -> None:
        """Remove one.

        Raises:
            Refused: there is none.
        """
        if self._kept.pop(name.upper(), None) is None:
            raise Refused(404, "Not Found")
        self.history.append((now, name.upper(), None))

    def _keep(self, key: str, value: str, now: int) -> None:
        old = self._kept.get(key)
        self._kept[key] = Variable(key, value, now if old is None else old.created_at, now)
        self.history.append((now, key, value))

    @staticmethod
    def _checked(name: str, value: str) -> str:
        key = name.upper()
        if not _NAME.fullmatch(key):
            raise Refused(
                422,
                "Variable names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). "
                "Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_).",
            )
        if key.startswith("GITHUB_"):
            raise Refused(422, "Variable names must not start with GITHUB_.")
        if len(value.encode()) > LONGEST_VALUE:
            raise Refused(422, "Variable value is too large.")
        return key
