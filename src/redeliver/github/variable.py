"""The checkpoint in a variable: the moment, in epoch milliseconds, up to which everything is settled.

The text in one webhook's variable is what GitHub's own documented script keeps there, so its users can switch without
losing their checkpoint (https://docs.github.com/en/webhooks/using-webhooks/automatically-redelivering-failed-deliveries-for-an-organization-webhook).
The webhooks that ``all`` or a pattern means share one variable: a repository has 500 at most
(https://docs.github.com/en/actions/reference/workflows-and-actions/variables#limits-for-configuration-variables).
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Protocol

from pydantic import Field, TypeAdapter
from typing_extensions import TypedDict

from redeliver.errors import (
    ApiError,
    CheckpointNotSaved,
    CheckpointUnreadable,
    FirstCheckpointNotSaved,
    OutOfTime,
    RedeliverError,
    TooManyHooks,
)
from redeliver.github.api import Listing
from redeliver.github.responses import Purpose, if_there, read_json, status_of
from redeliver.text import Naming
from redeliver.times import DAY

if TYPE_CHECKING:
    from collections.abc import Sized

    from redeliver.github.api import Caller
    from redeliver.github.responses import Verb
    from redeliver.timing import RunClock

#: Variables that a repository can have, and webhooks whose checkpoints fit into the 48 KB of one.
MOST_VARIABLES = 500
MOST_IN_ONE = 1_300
_PERMISSION = 'the repository permission "Variables: read and write" (a classic token: the scope repo)'
#: Variables in a page of a list; GitHub allows no more.
_PAGE = 30
#: Seconds between two writes of a shared variable.
_APART = 60.0
#: Milliseconds after which nobody needs the checkpoint of a webhook that no run has looked at.
_FORGOTTEN = 30 * DAY
#: No variable has this name.
_NONE = "REDELIVER_INIT_ASKS_WHETHER_IT_MAY_WRITE"


class _Stored(TypedDict):
    value: str


class _Listed(TypedDict):
    variables: list[_Named]


class _Named(_Stored):
    name: str


_STORED = if_there(TypeAdapter(_Stored))
_LISTED = TypeAdapter(_Listed)
_SHARED = TypeAdapter(dict[Annotated[str, Field(pattern="^[0-9]{1,19}$")], Annotated[int, Field(ge=0, lt=10**15)]])


class Store(Protocol):
    """Keeps one webhook's checkpoint: the moment, in epoch milliseconds, up to which everything is settled."""

    @property
    def place(self) -> str:
        """Where it is kept, for sentences."""
        ...

    def read(self) -> int | None:
        """The checkpoint; None: there is none yet. Raises CheckpointUnreadable, StateUnreadable or ApiError."""
        ...

    def write(self, moment: int, *, is_last: bool = False) -> None:
        """Replace it. Writing the same moment twice changes nothing. Raises CheckpointNotSaved.

        ``is_last``: it is the webhook's last in this run, which may be stored later, together with those of others.
        """
        ...


class Variable:
    """A variable of a repository, and as a :class:`Store` one webhook's in a variable of its own."""

    def __init__(self, caller: Caller, repository: str, name: str) -> None:
        self.place = Naming(f"the variable {{}} of {repository}", name)
        self.is_missing = False
        """Whether there was none when it was read."""
        self._caller = caller
        self._name = name
        self._all = f"/repos/{repository}/actions/variables"
        self._path = f"{self._all}/{name}"
        missing = f"GitHub has no repository {repository}"
        self._reading = Purpose(Naming(f"read {self.place.template}", name), _PERMISSION, missing)
        self._writing = Purpose(Naming(f"write {self.place.template}", name), _PERMISSION, missing)

    def get(self) -> str | None:
        """Its value; None: a 404, which means "none yet" or "no access". Writing shows which. Raises ApiError."""
        stored = self._caller.call("GET", self._path, self._reading, _STORED, accept=(404,))
        self.is_missing = stored is None
        return stored["value"] if stored else None

    def read(self) -> int | None:
        """See :class:`Store`."""
        value = self.get()
        if value is None:
            return None
        moment = _moment(value)
        if moment is None:
            raise CheckpointUnreadable(place=self.place, value=value or "(empty)")
        return moment

    def write(self, moment: int, *, is_last: bool = False) -> None:  # noqa: ARG002  each write is made at once
        """See :class:`Store`."""
        self.put(str(moment))

    def check(self) -> None:
        """See whether it can be read, and may be written. Raises ApiError, OutOfTime, CheckpointUnreadable."""
        self.read()
        # To change one that does not exist: GitHub refuses it with 403 where the permission is missing, else with 404.
        body = {"name": _NONE, "value": "0"}
        self._caller.call("PATCH", f"{self._all}/{_NONE}", self._writing, lambda _: None, body=body, accept=(404,))

    def put(self, value: str) -> None:
        """Change it, or create it if it is not there. Raises CheckpointNotSaved."""
        body, read = {"name": self._name, "value": value}, status_of(201, 204, 404, 409)
        # The last one is for a variable that another run created in between.
        ways: tuple[tuple[Verb, str, int | None], ...] = (
            ("PATCH", self._path, 404),
            ("POST", self._all, 409),
            ("PATCH", self._path, None),
        )
        try:
            for verb, path, no in ways:
                if self._caller.call(verb, path, self._writing, read, body=body, accept=(no,)) != no:
                    break
        except (ApiError, OutOfTime) as fault:
            kind = FirstCheckpointNotSaved if self.is_missing else CheckpointNotSaved
            raise kind(place=self.place, why=fault) from fault
        self.is_missing = False

    def others(self) -> dict[str, str]:
        """All variables of the repository, by name in upper case, as GitHub keeps names. Raises ApiError."""
        listing = Listing(
            self._caller, self._all, self._reading, lambda told: read_json(_LISTED, told.body)["variables"], size=_PAGE
        )
        rows = listing.everything(itemgetter("name"), MOST_VARIABLES)
        return {row["name"].upper(): row["value"] for row in rows}


def _moment(value: str) -> int | None:
    # One look: Python has several ideas of what is blank.
    found = re.fullmatch(r"\s*([0-9]{1,15})\s*", value)
    return int(found[1]) if found else None


class SharedVariable:
    """Keeps the checkpoints of several webhooks in one variable, as a JSON object by their ids.

    Another run may write it, too, for webhooks of its own: so it is read again before each write, and only the
    checkpoints of this run change. Two runs over one webhook must not work at once, whatever keeps its checkpoint.
    """

    def __init__(self, caller: Caller, repository: str, name: str, clock: RunClock) -> None:
        self._variable = Variable(caller, repository, f"{name}_ALL")
        self.place = self._variable.place
        self._prefix = f"{name}_".upper()
        self._caller = caller
        self._clock = clock
        self._kept: dict[str, int] | None = None
        """As it is known to be stored; None: not read so far."""
        self._before: dict[str, int] = {}
        """What each has in a variable of its own, as long as there is none for all."""
        self._own: dict[str, int] = {}
        """What this run has to store."""
        self._written_at = -inf
        self._failed: CheckpointNotSaved | None = None

    def of(self, hook_id: str) -> Store:
        """The store of one webhook."""
        return _Share(self, hook_id, self.place)

    def read(self, hook_id: str) -> int | None:
        """See :class:`Store`. The variable is read once for all webhooks."""
        if self._kept is None:
            # Only once all of it is read: another webhook must not take what failed for "there is none".
            value = self._variable.get()
            if value is None:
                # Each had a variable of its own before. They are left as they are.
                names = self._variable.others()
                of_hooks = {name.removeprefix(self._prefix): text for name, text in names.items()}
                known = {number: _moment(text) for number, text in of_hooks.items() if re.fullmatch("[0-9]+", number)}
                self._before = {number: moment for number, moment in known.items() if moment is not None}
            self._kept = {} if value is None else self._parsed(value)
        return self._own.get(hook_id, self._kept.get(hook_id, self._before.get(hook_id)))

    def write(self, hook_id: str, moment: int, *, is_last: bool) -> None:
        """See :class:`Store`. A webhook's last moment is stored within a minute, or at the end.

        What has to be stored before something is sent is stored at once, unless it is already.
        """
        is_new = self._kept is None or hook_id not in self._kept
        self._own[hook_id] = moment
        due = self._clock.now() - self._written_at >= _APART
        if is_last:
            with suppress(CheckpointNotSaved):  # the end reports it, if it is still so then
                if due:
                    self._store()
        elif self._failed and not due:
            raise self._failed
        elif is_new or self._written_at == -inf:
            self._store()

    def finish(self) -> None:
        """Store what is not stored so far. Raises CheckpointNotSaved."""
        if self._own.items() - (self._kept or {}).items():
            self._store()

    def stored(self, hook_id: str) -> int | None:
        """What is known to be stored of a webhook; None: nothing."""
        return (self._kept or {}).get(hook_id)

    def _store(self) -> None:
        self._written_at = self._clock.now()
        try:
            now = self._caller.now()
            value = self._variable.get()
            found = self._before if value is None else self._parsed(value)
            known = self._kept or {}
            # One that has moved back since it was read stays: somebody wants to look at that time again.
            moved_back = {number for number in self._own if found.get(number, inf) < known.get(number, 0)}
            ours = {number: moment for number, moment in self._own.items() if number not in moved_back}
            others = {number: moment for number, moment in found.items() if moment > now - _FORGOTTEN}
            self._variable.put(json.dumps(others | ours, separators=(",", ":")))
        except CheckpointNotSaved as fault:
            self._failed = fault
            raise
        except RedeliverError as fault:
            self._failed = CheckpointNotSaved(place=self.place, why=fault)
            raise self._failed from fault
        self._failed = None
        self._kept = {**known, **others, **ours} | {number: known[number] for number in moved_back}

    def _parsed(self, value: str) -> dict[str, int]:
        try:
            return read_json(_SHARED, value)
        except ValueError:
            raise CheckpointUnreadable(place=self.place, value=value or "(empty)") from None


@dataclass(frozen=True, slots=True)
class _Share:
    """One webhook's part of a shared variable."""

    shared: SharedVariable
    hook_id: str
    place: str

    def read(self) -> int | None:
        return self.shared.read(self.hook_id)

    def write(self, moment: int, *, is_last: bool = False) -> None:
        self.shared.write(self.hook_id, moment, is_last=is_last)


def check_number(hooks: Sized, *, is_shared: bool) -> None:
    """Refuse more webhooks than their variables hold. Raises TooManyHooks."""
    most = MOST_IN_ONE if is_shared else MOST_VARIABLES
    if len(hooks) > most:
        where = "the 48 KB of one variable" if is_shared else "a repository"
        raise TooManyHooks(hooks=f"{len(hooks):,}", most=f"{most:,}", where=where)
