"""Actions variables of a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from githubsim.render import iso
from githubsim.wire import Refused, reply

if TYPE_CHECKING:
    from githubsim.answers.call import Call
    from githubsim.wire import SimResponse


def one(call: Call, repo: str, name: str) -> SimResponse:
    """One variable."""
    found = call.sim.variables(repo).get(name)
    if found is None:
        raise Refused(404, "Not Found")
    times = {"created_at": found.created_at, "updated_at": found.updated_at}
    seconds = {what: iso(moment, whole_seconds=True) for what, moment in times.items()}
    return reply(200, {"name": found.name, "value": found.value, **seconds})


def create(call: Call, repo: str) -> SimResponse:
    """A new variable."""
    body = call.json()
    call.sim.variables(repo).create(body.get("name"), body.get("value"), call.now)
    return reply(201, {})


def update(call: Call, repo: str, name: str) -> SimResponse:
    """Another value."""
    call.sim.variables(repo).update(name, call.json().get("value"), call.now)
    return reply(204)
