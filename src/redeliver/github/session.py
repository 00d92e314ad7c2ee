"""A credential's way to GitHub, and the webhooks that are chosen there."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from redeliver.core.facts import Fact, FactKind
from redeliver.github.api import Caller
from redeliver.github.app_token import AppKey, Installation, grant_for
from redeliver.github.hooks import owner_of
from redeliver.github.pace import Pace
from redeliver.github.responses import CredentialKind
from redeliver.github.variable import Variable

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from redeliver.console import Console
    from redeliver.core.settings import Settings
    from redeliver.github.app_token import Credential
    from redeliver.github.hooks import Hook
    from redeliver.github.ports import Store
    from redeliver.github.responses import Transport
    from redeliver.timing import RunClock


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
    store_for: Callable[[str], Store] | None = None
    """Returns the store to use instead of a variable, by the hook's id as text (empty for an App's)."""
    before_post: Callable[[], None] | None = None
    """What it raises keeps a POST from being made."""
    chosen: dict[str, Hook] = field(default_factory=dict, init=False)
    """The webhooks that were chosen, by their ids as text."""
    left_out: Fact | None = field(default=None, init=False)
    """Webhooks that may have been meant, but have no address that the pattern could match; None: there are none."""

    def __post_init__(self) -> None:
        self.owner = owner_of(self.settings)
        self._pace = Pace(self.settings.redeliveries_per_minute)

    @cached_property
    def caller(self) -> Caller:
        """Calls with the credential that may read the hooks. See :func:`grant_for`.

        Raises:
            BadPrivateKey: it is none.
        """
        settings = self.settings
        if not settings.app_id:
            return self._caller(self._connected(settings.token.get_secret_value()))
        key = self._connected(AppKey(settings.app_id, settings.private_key))
        app = self._caller(key, CredentialKind.APP_KEY)
        if self.owner.is_app:
            return app
        permissions, repositories = grant_for(settings, sends=self.sends)
        path = self.owner.path
        installation = Installation(settings.app_id, app, path, self.connect, permissions, repositories)
        return self._caller(installation.connected, CredentialKind.INSTALLATION_TOKEN)

    def choose(self, *, inactive: bool = False, described: bool = False) -> list[Hook]:
        """The webhooks that ``hook-id`` means. They are listed only if it holds a pattern, or to have them described.

        ``inactive``: a pattern means those that are not active, too.

        Raises:
            NoSuchHook: the pattern matches none.
            BadPrivateKey, ApiError, OutOfTime: they could not be listed.
        """
        choice = self.settings.hook_id
        listed = self.owner.list_hooks(self.caller) if choice.pattern or described else []
        if without := tuple(hook.hook_id for hook in listed if choice.pattern.strip("*") and not hook.url):
            self.left_out = Fact(FactKind.ADDRESS_UNKNOWN, {"ids": without})
            self.console.line(self.left_out.sentence)
        hooks = self.owner.pick(self.caller, listed, choice, inactive=inactive)
        for hook in hooks:
            hook.shows_host = self.shows_hosts
        self.chosen = {hook.hook_id: hook for hook in hooks}
        return hooks

    def stores(self) -> Callable[[str], Store | None]:
        """Where the checkpoint of each hook is kept, by the hook's id as text; None: nowhere."""
        settings, caller = self.settings, self.caller
        if token := settings.variable_token.get_secret_value():
            caller = self._caller(self._connected(token))

        def variable(hook_id: str) -> Variable | None:
            suffix = f"_{hook_id}" if hook_id and settings.hook_id.several else ""
            name = settings.variable_name + suffix
            return Variable(caller, settings.variable_repository, name) if settings.variable_name else None

        return self.store_for or variable

    def _connected(self, credential: Credential) -> Callable[[], Transport]:
        transport = self.connect(credential)
        return lambda: transport

    def _caller(self, connected: Callable[[], Transport], kind: CredentialKind = CredentialKind.TOKEN) -> Caller:
        urls = {"api_url": self.settings.api_url, "web_url": self.settings.web_url}
        return Caller(connected, self._pace, self.clock, kind, **urls, before_post=self.before_post)
