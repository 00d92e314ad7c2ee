"""A credential's way to GitHub, and the webhooks that are chosen there."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from redeliver.core.facts import Fact, FactKind
from redeliver.core.report import TokenEnd
from redeliver.errors import AccessBlocked, ApiError, ApiRefused, MissingPermission, Moved, NotFound, WorkflowToken
from redeliver.github.api import Caller
from redeliver.github.app_token import AppKey, Installation, grant_for
from redeliver.github.hooks import owner_of, repository
from redeliver.github.pace import Pace
from redeliver.github.repositories import find_repositories
from redeliver.github.responses import CredentialKind
from redeliver.github.variable import SharedVariable, Variable, check_number
from redeliver.text import count, some_of
from redeliver.times import DAY

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from redeliver.console import Console
    from redeliver.core.settings import Settings
    from redeliver.github.app_token import Credential
    from redeliver.github.hooks import Hook
    from redeliver.github.responses import Transport
    from redeliver.github.variable import Store
    from redeliver.timing import RunClock

#: Refusals that may be about one repository and no other.
_OF_ONE_REPOSITORY = (AccessBlocked, ApiRefused, MissingPermission, Moved, NotFound, WorkflowToken)


@dataclass(eq=False)
class Session:
    """What a step or a command works with. It connects when something is first asked of GitHub."""

    settings: Settings
    connect: Callable[[Credential], Transport]
    clock: RunClock
    console: Console
    _: KW_ONLY
    random: Random
    """Has webhooks take turns, and chooses the events that try a receiver."""
    sends: bool = False
    """Whether it may redeliver, and not only read."""
    shows_hosts: bool = False
    """Whether everybody who may read what is said may know where webhooks point."""
    store_for: Callable[[Hook], Store] | None = None
    """Returns the store to use instead of a variable."""
    before_post: Callable[[], None] | None = None
    """What it raises keeps a POST from being made."""
    chosen: dict[str, Hook] = field(default_factory=dict, init=False)
    """The webhooks that were chosen, by their ids as text."""
    shared: SharedVariable | None = field(default=None, init=False)
    """What keeps the checkpoints of all of them together; None: each is kept alone, or nowhere."""
    left_out: tuple[Fact, ...] = field(default=(), init=False)
    """What kept webhooks that may have been meant from being chosen."""

    def __post_init__(self) -> None:
        self._began = self.clock.now()
        self._tokens: dict[str, Caller] = {}
        self.owner = owner_of(self.settings)
        self._pace = Pace(self.settings.redeliveries_per_minute)

    @cached_property
    def caller(self) -> Caller:
        """Calls with the credential that may read the hooks. See :func:`grant_for`.

        Raises:
            BadPrivateKey: it is none.
        """
        settings = self.settings
        if not settings.app:
            return self.caller_with(settings.token.get_secret_value())
        key = self._connected(AppKey(settings.app, settings.private_key))
        app = self._caller(key, CredentialKind.APP_KEY)
        if self.owner.is_app:
            return app
        granted = grant_for(settings, sends=self.sends)
        installation = Installation(settings.app, app, self.owner.path, self.connect, *granted)
        return self._caller(installation.connected, CredentialKind.INSTALLATION_TOKEN)

    def choose(self, *, inactive: bool = False, described: bool = False) -> list[Hook]:
        """The webhooks that ``hook-id`` means.

        They are listed only if it holds a pattern, if they may be of several repositories, or to have them described.
        ``inactive``: a pattern means those that are not active, too.

        Raises:
            NoSuchHook: there are none.
            NoRepositories: no repository matches.
            BadPrivateKey, ApiError, OutOfTime: they could not be listed.
        """
        choice, listed = self.settings.hook_id, []
        if self.owner.is_fleet:
            listed = self._list_fleet()
        elif choice.pattern or described:
            listed = self.owner.list_hooks(self.caller)
        if without := tuple(hook.hook_id for hook in listed if choice.pattern.strip("*") and not hook.url):
            self.left_out += (Fact(FactKind.ADDRESS_UNKNOWN, {"ids": without}),)
        hooks = self.owner.pick(self.caller, listed, choice, inactive=inactive)
        if missing := {*choice.ids} - {hook.id for hook in hooks} if self.owner.is_fleet else ():
            ids = some_of([*map(str, sorted(missing))])
            error = NotFound(missing=f"{self.owner.login} has no webhook {ids}", needed=self.owner.permission)
            if not hooks:
                raise error
            self.left_out += (Fact.of(error),)
        for hook in hooks:
            hook.shows_host = self.shows_hosts
        self.chosen = {hook.hook_id: hook for hook in hooks}
        return hooks

    def _list_fleet(self) -> list[Hook]:
        """The webhooks of all repositories, one call for each. One that GitHub refuses costs no other its run."""
        settings = self.settings
        is_installation = bool(settings.app) or settings.token.get_secret_value().startswith("ghs_")
        names = find_repositories(self.caller, settings.repository, is_installation=is_installation)
        self.console.line(f"the webhooks of {count(len(names), 'repository', 'repositories')}", "Read", passing=True)
        listed: list[Hook] = []
        refused: dict[str, ApiError] = {}
        for name in names:
            try:
                listed += repository(name, settings.web_url).list_hooks(self.caller)
            except _OF_ONE_REPOSITORY as fault:
                refused[name] = fault
        if len(refused) == len(names):
            raise next(iter(refused.values()))
        named = {name.lower() for name in settings.repository}
        for kind, is_named in ((FactKind.UNLISTED_ERROR, True), (FactKind.UNLISTED_WARNING, False)):
            if these := tuple(name for name in refused if (name.lower() in named) is is_named):
                self.left_out += (Fact(kind, {"names": these, "first": refused[these[0]]}),)
        return listed

    def stores(self) -> Callable[[Hook], Store | None]:
        """Where the checkpoint of each chosen hook is kept; None: nowhere.

        Raises:
            TooManyHooks: their checkpoints do not fit there.
        """
        settings, name, where = self.settings, self.settings.variable_name, self.settings.variable_repository
        if self.store_for or not name:
            return self.store_for or (lambda _: None)
        token, is_shared = settings.variable_token.get_secret_value(), bool(settings.hook_id.pattern)
        caller = self.caller_with(token) if token else self.caller
        check_number(self.chosen, is_shared=is_shared)
        if is_shared:
            self.shared = shared = SharedVariable(caller, where, name, self.clock)
            return lambda hook: shared.of(hook.hook_id)

        def variable(hook: Hook) -> Variable:
            suffix = f"_{hook.hook_id}" if hook.hook_id and settings.hook_id.several else ""
            return Variable(caller, where, name + suffix)

        return variable

    def token_ends(self) -> tuple[TokenEnd, ...]:
        """When tokens end that people have to renew, as far as GitHub has said so by now.

        Those of Apps and jobs begin with ``ghs_`` or live for hours: none of theirs ends a day after the run's start.
        Source: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats
        """
        found = []
        for token, caller in self._tokens.items():
            at, now = caller.token_ends_at, caller.known_time()
            if at is None or now is None or token.startswith("ghs_"):
                continue
            began = now - round((self.clock.now() - self._began) * 1000)
            if token.startswith(("ghp_", "github_pat_")) or at > began + DAY:
                is_webhooks = caller is self.caller
                page = "tokens/new" if token.startswith("ghp_") else self._form(is_webhooks=is_webhooks)
                found.append(
                    TokenEnd(at, at - now, f"{self.settings.web_url}/settings/{page}", is_webhooks=is_webhooks)
                )
        return tuple(found)

    def _form(self, *, is_webhooks: bool) -> str:
        """Where on GitHub a new fine-grained token is made: a form that is filled in as far as that is possible.

        Source: https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/managing-your-personal-access-tokens#pre-filling-fine-grained-personal-access-token-details-using-url-parameters
        """
        settings, permissions = self.settings, {"actions_variables": "write"}
        target = settings.variable_repository
        if is_webhooks:
            target, (permissions, _) = settings.target, grant_for(settings, sends=True)
        owner = target.partition("/")[0]
        query = {"name": "Redeliver webhooks", "target_name": owner, "expires_in": "366"} | permissions
        return f"personal-access-tokens/new?{urlencode(query)}"

    def caller_with(self, token: str, kind: CredentialKind | None = None) -> Caller:
        """Calls with a token from the settings. The same token makes one caller, though the settings give it twice."""
        if token not in self._tokens:
            # https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github#githubs-token-formats
            its_own = CredentialKind.OAUTH_APP if token.startswith("gho_") else CredentialKind.TOKEN
            self._tokens[token] = self._caller(self._connected(token), kind or its_own)
        return self._tokens[token]

    def _connected(self, credential: Credential) -> Callable[[], Transport]:
        transport = self.connect(credential)
        return lambda: transport

    def _caller(self, connected: Callable[[], Transport], kind: CredentialKind) -> Caller:
        urls = {"api_url": self.settings.api_url, "web_url": self.settings.web_url}
        return Caller(connected, self._pace, self.clock, kind, **urls, before_post=self.before_post)
