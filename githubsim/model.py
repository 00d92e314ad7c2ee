"""A GitHub in memory: synchronous, deterministic, with no sockets, no threads of its own and an injected clock."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from githubsim import faults
from githubsim.apps import App, Installation
from githubsim.attempts import Desk, Redelivery
from githubsim.behaviour import Behaviour
from githubsim.call import Call
from githubsim.clock import EpochMs, VirtualClock
from githubsim.endpoint import Endpoint, StubEndpoint
from githubsim.environments import Repository
from githubsim.hooks import TARGET_IDS, Hook, TargetType
from githubsim.issues import Issues
from githubsim.journal import Entry, Journal
from githubsim.limits import Limits
from githubsim.render import http_date
from githubsim.routes import Route, route
from githubsim.tokens import Token, Tokens
from githubsim.truth import Truth
from githubsim.variables import Variables
from githubsim.wire import Lost, Refused, SimRequest, SimResponse

DEFAULT_VERSION = "2022-11-28"
API_VERSIONS = frozenset({DEFAULT_VERSION, "2026-03-10"})
Observer = Callable[[SimRequest, SimResponse | None], None]
"""Sees every request (its path below the root, numeric owners resolved) and the answer GitHub gave, if it gave one."""


class SimGitHub:
    """The whole simulation.

    ``handle`` is its only door: the socket server and the in-process transport both go through it. Everything public
    may be read and changed by a test at any time: ``behaviour``, ``limits.policy``, ``faults``, tokens, endpoints.
    """

    def __init__(
        self,
        clock: EpochMs | None = None,
        *,
        seed: int = 0,
        root: str = "",
        base_url: str = "https://api.github.test",
        endpoint: Endpoint | None = None,
        behaviour: Behaviour | None = None,
    ) -> None:
        """An empty GitHub whose API lies under ``base_url`` + ``root`` (``/api/v3`` on Enterprise Server)."""
        self.clock: EpochMs = VirtualClock() if clock is None else clock
        self.root = root
        self.base_url = base_url
        self.behaviour = behaviour or Behaviour()
        self.stub = StubEndpoint()
        self.desk = Desk(
            self.clock,
            self.behaviour,
            endpoint or self.stub,
            random.Random(seed),
        )
        self.tokens = Tokens()
        self.limits = Limits()
        self.faults = faults.Faults()
        self.journal = Journal()
        self.hooks: dict[int, Hook] = {}
        self.apps: dict[int, App] = {}
        self.installations: list[Installation] = []
        self.observers: list[Observer] = []
        self.truth = Truth(self.hooks, self.desk.accepted)
        self.users: set[str] = set()
        """Owners, in lower case, that are no organizations."""
        self._variables: dict[str, Variables] = {}
        self._issues: dict[str, Issues] = {}
        self._repositories: dict[str, Repository] = {}

    # -- what there is ------------------------------------------------------------------------------------------

    def org_hook(self, org: str = "octo", **settings: Any) -> Hook:  # noqa: ANN401 - fields of Hook
        return self._hook("organization", org, settings)

    def repo_hook(self, repo: str = "octo/hello", **settings: Any) -> Hook:  # noqa: ANN401 - fields of Hook
        return self._hook("repository", repo, settings)

    def app_hook(self, app_id: int, **settings: Any) -> Hook:  # noqa: ANN401 - fields of Hook
        return self._hook("integration", str(app_id), settings)

    def app(self, app_id: int, public_key: str, *installations: Installation) -> App:
        """Add an App, and where it is installed."""
        self.apps[app_id] = App(app_id, public_key)
        self.installations += installations
        return self.apps[app_id]

    def token(self, value: str = "pat", **settings: Any) -> Token:  # noqa: ANN401 - fields of Token
        """Issue a credential; without further ado a fine-grained one that may do everything everywhere."""
        settings |= {name: frozenset(settings[name]) for name in ("scopes", "sees") if name in settings}
        return self.tokens.add(Token(value, self.tokens.next_name(), **settings))

    def variables(self, repo: str) -> Variables:
        return self._variables.setdefault(repo.lower(), Variables())

    def issues(self, repo: str) -> Issues:
        return self._issues.setdefault(repo.lower(), Issues())

    def repository(self, repo: str, **settings: Any) -> Repository:  # noqa: ANN401 - fields of Repository
        """A repository, which is made if it is not there; ``settings``: how it is from then on."""
        found = self._repositories.setdefault(repo.lower(), Repository())
        for name, value in settings.items():
            setattr(found, name, value)
        return found

    def repositories_of(self, owner: str = "") -> list[str]:
        """The names of an owner's repositories, or of all: those that have a webhook, or were asked for."""
        hooked = (hook.target for hook in self.hooks.values() if hook.target_type == "repository")
        names = {name.lower(): name for name in (*self._repositories, *hooked)}
        return sorted(name for name in names.values() if name.lower().startswith(f"{owner}/".lower() * bool(owner)))

    def installations_of(self, app_id: int | None) -> list[Installation]:
        return [one for one in self.installations if one.app_id == app_id]

    @property
    def accepted(self) -> list[Redelivery]:
        """Every redelivery GitHub has accepted, in order."""
        return self.desk.accepted

    def run_due(self) -> int:
        """Make every attempt that is due by now. Returns how many."""
        return self.desk.run_due()

    # -- one request --------------------------------------------------------------------------------------------

    def handle(self, request: SimRequest) -> SimResponse:
        """Answer one request.

        Raises:
            Lost: a fault lets no whole answer through.
        """
        with self.desk.lock:
            if self.desk.by_itself:
                self.desk.run_due()
            return self._handle(request)

    def _handle(self, request: SimRequest) -> SimResponse:
        self.journal.count += 1
        now, number, path = self.clock(), self.journal.count, self._canonical(request.path)
        token = self._credential(request, now)
        kept = {name: value for name, value in request.headers.items() if name not in {"authorization", "cookie"}}
        entry = Entry(
            number, now, request.verb, path, request.query, kept, None if token is None else token.name, request.body
        )

        def carry_out() -> SimResponse:
            answer = self._carry_out(request, entry, token)
            self._observe(request, path, answer)
            return answer

        try:
            fault = self.faults.strike(request, path, number) if self.faults.rules else None
            answer = carry_out() if fault is None else faults.apply(fault, carry_out)
        except Lost as caught:
            entry.lost = caught.kind
            raise
        finally:
            self.journal.entries.append(entry)
        entry.status = answer.status
        if answer.forged:
            self._observe(request, path, None)
        return answer

    def _carry_out(self, request: SimRequest, entry: Entry, token: Token | None) -> SimResponse:
        """Answer as GitHub would, and note whether a limit was in the way."""
        now, number = entry.at, entry.number
        headers = {
            "date": http_date(now),
            "x-github-media-type": "github.v3; format=json",
            "x-github-request-id": f"C0FE:{number & 0xFFFF:X}:{now & 0xFFFFFFF:X}:{number:X}:{now // 1_000:X}",
            "x-github-api-version-selected": request.headers.get("x-github-api-version", DEFAULT_VERSION),
        }
        found = route(request.verb, entry.path)
        try:
            token = self._check(request, token)
            over = None
            if found is None or not found.free:
                redelivery = entry.path.endswith("/attempts")
                over = self.limits.charge(token.name, request.verb, now, redelivery=redelivery)
            headers |= self.limits.headers(token.name, now)
            headers |= token.headers(found.need if found else None)
            if over is not None:
                entry.limited = True
                raise over
            answer = self._answer(Call(self, request, entry.path, token, now), found)
        except Refused as refused:
            answer = refused.answer
        return SimResponse(answer.status, {**headers, **answer.headers}, answer.body)

    @staticmethod
    def _check(request: SimRequest, token: Token | None) -> Token:
        """Who asks.

        Raises:
            Refused: GitHub does not even look at it.
        """
        if not request.headers.get("user-agent"):
            raise Refused(
                403,
                "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
            )
        version = request.headers.get("x-github-api-version")
        if version is not None and version not in API_VERSIONS:
            raise Refused(400, f"Bad Request: {version} is not a supported API version.")
        if token is None:
            raise Refused(401, "Bad credentials" if "authorization" in request.headers else "Requires authentication")
        return token

    @staticmethod
    def _answer(call: Call, found: Route | None) -> SimResponse:
        """Answer a request that is within the limits."""
        if found is None:
            if call.path.startswith("/outside/"):  # outside of its API, a server has pages
                body = "<title>404</title>This is not the web page you are looking for."
                return SimResponse(404, {"content-type": "text/html; charset=utf-8"}, body.encode())
            raise Refused(404, "Not Found")
        if found.app and call.token.kind != "app":
            raise Refused(401, "A JSON web token could not be decoded")
        if found.need is not None:
            call.token.check(found.need, found.target)
        return found.answer(call)

    # -- paths ---------------------------------------------------------------------------------------------------

    def numeric(self, path: str) -> str:
        """A path with its owner's number for the name, the way github.com writes its next links."""
        return _replace_start(path, self._owners())

    def _canonical(self, path: str) -> str:
        """The path below the root, with owners by name."""
        if self.root:
            path = path[len(self.root) :] if path.startswith(f"{self.root}/") else f"/outside{path}"
        if not path.startswith(("/organizations/", "/repositories/")):
            return path
        return _replace_start(path, ((number, name) for name, number in self._owners()))

    def _owners(self) -> Iterator[tuple[str, str]]:
        """``/orgs/octo`` and ``/repos/octo/hello`` with the numbers GitHub gave them."""
        owners = {(hook.target_type, hook.target): None for hook in self.hooks.values()}
        for place, (kind, target) in enumerate(owners):
            if kind != "integration":
                few, many = ("orgs", "organizations") if kind == "organization" else ("repos", "repositories")
                yield f"/{few}/{target}", f"/{many}/{TARGET_IDS[kind] + place}"

    # -- helpers ------------------------------------------------------------------------------------------------

    def _hook(self, target_type: TargetType, target: str, settings: dict[str, Any]) -> Hook:
        hook_id = settings.pop("id", 400_000_000 + len(self.hooks) + 1)
        url = settings.pop("url", f"https://hooks.example/{hook_id}")
        secret = settings.pop("secret", "It's a Secret to Everybody")
        hook = Hook(hook_id, target_type, target, url, secret, self.desk, self.clock(), **settings)
        self.hooks[hook_id] = hook
        return hook

    def _credential(self, request: SimRequest, now: int) -> Token | None:
        authorization = request.headers.get("authorization", "")
        token = self.tokens.of(authorization, now)
        if token is None and self.apps and authorization.count(".") == 2:
            encoded = authorization.partition(" ")[2]
            return next(filter(None, (app.token_for(encoded, now) for app in self.apps.values())), None)
        return token

    def _observe(self, request: SimRequest, path: str, answer: SimResponse | None) -> None:
        if self.observers:
            seen = SimRequest(request.verb, path, request.query, request.headers, request.body)
            for observer in self.observers:
                observer(seen, answer)


def _replace_start(path: str, pairs: Iterable[tuple[str, str]]) -> str:
    """The path with what its beginning is paired with, if anything."""
    return next((new + path[len(old) :] for old, new in pairs if path.startswith(f"{old}/")), path)
