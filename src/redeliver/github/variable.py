"""The checkpoint in a variable: the moment, in epoch milliseconds, up to which everything is settled.

The text in the variable is what GitHub's own documented script keeps there, so its users can switch without
losing their checkpoint (https://docs.github.com/en/webhooks/using-webhooks/automatically-redelivering-failed-deliveries-for-an-organization-webhook).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from redeliver.errors import ApiError, CheckpointNotSaved, CheckpointUnreadable, FirstCheckpointNotSaved, OutOfTime
from redeliver.github.responses import Purpose, read_json
from redeliver.text import Naming

if TYPE_CHECKING:
    from redeliver.github.api import Caller
    from redeliver.github.responses import Response, Verb

_PERMISSION = 'the repository permission "Variables: read and write" (a classic token: the scope repo)'


class _Stored(TypedDict):
    value: str


_STORED = TypeAdapter(_Stored)


class Variable:
    """Keeps it in a repository's GitHub Actions variable. See :class:`redeliver.github.ports.Store`."""

    def __init__(self, caller: Caller, repository: str, name: str) -> None:
        self._caller = caller
        self.place = Naming(f"the variable {{}} of {repository}", name)
        self._name = name
        self._found_none = False
        self._all = f"/repos/{repository}/actions/variables"
        self._path = f"{self._all}/{name}"
        missing = f"GitHub has no repository {repository}"
        self._reading = Purpose(Naming(f"read {self.place.template}", name), _PERMISSION, missing)
        self._writing = Purpose(Naming(f"write {self.place.template}", name), _PERMISSION, missing)

    def read(self) -> int | None:
        """See :class:`redeliver.github.ports.Store`. A 404 means "none yet" or "no access"; writing shows which."""
        value = self._caller.call(
            "GET",
            self._path,
            self._reading,
            lambda told: None if told.status == 404 else read_json(_STORED, told.body)["value"],
            accept=(404,),
        )
        self._found_none = value is None
        if value is None:
            return None
        # One look: Python has several ideas of what is blank.
        found = re.fullmatch(r"\s*([0-9]{1,15})\s*", value)
        if not found:
            raise CheckpointUnreadable(place=self.place, value=value or "(empty)")
        return int(found[1])

    def write(self, moment: int) -> None:
        """See :class:`redeliver.github.ports.Store`. Updates the variable, or creates it when it is not there."""

        def status_of(response: Response) -> int:
            # A proxy's own page comes with a 200, which does not mean that GitHub has written anything.
            if response.status not in {201, 204, 404, 409}:
                raise ValueError(f"it answered {response.status}")
            return response.status

        body = {"name": self._name, "value": str(moment)}
        # The last one is for a variable that another run created in between.
        ways: tuple[tuple[Verb, str, int | None], ...] = (
            ("PATCH", self._path, 404),
            ("POST", self._all, 409),
            ("PATCH", self._path, None),
        )
        try:
            for verb, path, no in ways:
                if self._caller.call(verb, path, self._writing, status_of, body=body, accept=(no,)) != no:
                    break
        except (ApiError, OutOfTime) as fault:
            kind = FirstCheckpointNotSaved if self._found_none else CheckpointNotSaved
            raise kind(place=self.place, why=fault) from fault
        self._found_none = False
