"""Actions variables of a repository."""

from __future__ import annotations

from typing import TYPE_CHECKING

from githubsim.render import reply, variable_json
from githubsim.variables import Refused

if TYPE_CHECKING:
    from githubsim.answers.call import Call
    from githubsim.wire import SimResponse


def every(call: Call, repo: str) -> SimResponse:
    """All variables, a page at a time."""
    found = call.sim.variables(repo).all()
    chosen, headers = call.numbered_page(found, 10, 30)
    return reply(200, {"total_count": len(found), "variables": [variable_json(one) for one in chosen]}, **headers)


def one(call: Call, repo: str, name: str) -> SimResponse:
    """One variable."""
    found = call.sim.variables(repo).get(name)
    if found is None:
        raise Refused(404, "Not Found")
    return reply(200, variable_json(found))


def create(call: Call, repo: str) -> SimResponse:
    """A new variable."""
    body = call.json()
    name, value = body.get("name"), body.get("value")
    if not isinstance(name, str) or not isinstance(value, str):
        raise Refused(422, 'Invalid request. "name" and "value" must be strings.')
    call.sim.variables(repo).create(name, value, call.now)
    return reply(201, {})


def update(call: Call, repo: str, name: str) -> SimResponse:
    """Another value, or another name."""
    body = call.json()
    value, new_name = body.get("value"), body.get("name")
    if not isinstance(value, str | None) or not isinstance(new_name, str | None):
        raise Refused(422, 'Invalid request. "name" and "value" must be strings.')
    call.sim.variables(repo).update(name, value, call.now, new_name)
    return reply(204)


def delete(call: Call, repo: str, name: str) -> SimResponse:
    """One variable less."""
    call.sim.variables(repo).delete(name, call.now)
    return reply(204)
