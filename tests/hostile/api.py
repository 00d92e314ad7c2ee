"""An API whose answers are right but for those to one kind of call."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import formatdate

from hostile.answers import Answer, row
from hostile.rawserver import Asked, reply

#: What a call is for, with its verb and how its path ends.
TARGETS = {
    "GET the variable": ("GET", "/variables/CHECKPOINT"),
    "GET the webhook": ("GET", "/hooks/7"),
    "GET the deliveries": ("GET", "/deliveries"),
    "GET the deliveries again": ("GET", "/deliveries"),
    "POST an attempt": ("POST", "/attempts"),
    "PATCH the variable": ("PATCH", "/variables/CHECKPOINT"),
    "POST the variable": ("POST", "/variables"),
    "GET the installation": ("GET", "/installation"),
    "POST an access token": ("POST", "/access_tokens"),
    "GET the list of webhooks": ("GET", "/hooks"),
    "GET the list of repositories": ("GET", "/repos"),
}
DELIVERY = b'{"url":"https://a.example/","request":{"headers":{}},"response":{"headers":{},"payload":"no"}}'
#: What a run asks for when its own work is done.
OPTIONAL = {"GET a delivery": ("GET", "/deliveries/9")}


@dataclass
class Api:
    """Answers runs; each goes by the name of its owner, ``run-3``, whose hostile answer is the third."""

    answers: list[Answer]
    target: str
    now: Callable[[], float] = time.time
    asked: list[Asked] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Iterable[bytes]:
        self.asked.append(asked)
        path = asked.path.partition("?")[0]
        body, status = self._right(asked.verb, path)
        if self._is_target(asked.verb, path):
            return self.answers[_run(path)](body, status)
        return [reply(body, status, b"Date: " + formatdate(self.now(), usegmt=True).encode())]

    def inputs(self, number: int, private_key: str, token: str) -> dict[str, str]:
        """What a run is given, so that it makes the call."""
        given = {
            "org": f"run-{number}",
            "hook-id": "all" if "list" in self.target else "7",
            "variable-name": "CHECKPOINT" if "variable" in self.target or "attempt" in self.target else "",
            "variable-repository": f"run-{number}/ops",
            "wait-for-results": "1s" if number % 2 or "again" in self.target else "0",
        }
        if self.target in OPTIONAL:
            given |= {"explain": "true"}
        if "repositories" in self.target:
            given |= {"org": "", "repository": f"run-{number}/*"}
        if "installation" in self.target or "access token" in self.target:
            return given | {"app-id": "12", "private-key": private_key}
        return given | {"token": token}

    def _is_target(self, verb: str, path: str) -> bool:
        wanted, ending = (TARGETS | OPTIONAL)[self.target]
        if verb != wanted or not path.endswith(ending) or path == "/user/repos":
            return False
        return "again" not in self.target or any(
            f"run-{_run(path)}/" in one.path and one.verb == "POST" for one in self.asked
        )

    def _right(self, verb: str, path: str) -> tuple[bytes, str]:
        """The body and the status that GitHub would answer with."""
        now = round(self.now())
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 600))
        failed = b",".join(row(id=place, guid=guid(place), delivered_at=at) for place in (9, 8))
        if verb == "PATCH":
            return b"", "404 Not Found" if self.target == "POST the variable" else "204 No Content"
        return {
            "attempts": (b"{}", "202 Accepted"),
            "access_tokens": (b'{"token":"ghs_hush","expires_at":"2099-01-01T00:00:00Z"}', "201 Created"),
            "variables": (b"", "201 Created"),
            "CHECKPOINT": (b'{"name":"CHECKPOINT","value":"%d"}' % ((now - 3_600) * 1_000), "200 OK"),
            "deliveries": (b"[" + failed + b"]", "200 OK"),
            "installation": (b'{"id":%d}' % (_run(path, 0) + 1), "200 OK"),
            "8": (DELIVERY, "200 OK"),
            "9": (DELIVERY, "200 OK"),
            "repos": (b'[{"full_name":"run-%d/x"}]' % _run(path), "200 OK"),
            "hooks": (b'[{"id":7,"active":true,"config":{"url":"https://a.example/"}}]', "200 OK"),
        }.get(path.rsplit("/", 1)[1], (b'{"id":7,"active":true}', "200 OK"))


def guid(place: int) -> str:
    """The guid of the event whose attempt has this id."""
    return f"{place:08}-0000-0000-0000-000000000000"


def _run(path: str, default: int = -1) -> int:
    """Whose call it is. The number of an installation is that of its run and 1."""
    if path.startswith("/app/installations/"):
        return int(path.split("/")[3]) - 1
    return next((int(part[4:]) for part in path.split("/") if part.startswith("run-")), default)
