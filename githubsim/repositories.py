"""Lists of repositories: an organization's, those of an App's installation, and those of a token's own user."""

from __future__ import annotations

from githubsim.call import Call
from githubsim.environments import described
from githubsim.wire import Refused, SimResponse, reply


def of_organization(call: Call, org: str) -> SimResponse:
    """Public ones, and private ones that the token reaches. A user is no organization."""
    names = call.sim.repositories_of(org)
    if org.lower() in call.sim.users or not names:
        raise Refused(404, "Not Found")
    seen = [one for one in names if not call.sim.repository(one).private or call.token.reaches(one)]
    return _page(call, seen)


def of_installation(call: Call) -> SimResponse:
    """Those that the App is installed on, and public ones only if they are among them."""
    if call.token.kind != "installation":
        raise Refused(403, "You must authenticate with an installation access token in order to list repositories.")
    return _page(call, list(filter(call.token.reaches, call.sim.repositories_of())), is_installation=True)


def of_user(call: Call) -> SimResponse:
    """Those that the token's user owns."""
    if call.token.kind == "installation":
        raise Refused(403, "Resource not accessible by integration")
    owned = call.sim.repositories_of(call.token.user) if call.token.user else []
    return _page(call, list(filter(call.token.reaches, owned)))


def _page(call: Call, names: list[str], *, is_installation: bool = False) -> SimResponse:
    chosen, headers = call.numbered_page(names)
    rows = [described(call, name) for name in chosen]
    body = {"total_count": len(names), "repository_selection": "selected", "repositories": rows}
    return reply(200, body if is_installation else rows, **headers)
