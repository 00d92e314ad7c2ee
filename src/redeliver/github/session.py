"""A credential's way to GitHub, and the webhooks that are chosen there."""

from __future__ import annotations

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

    from redeliver.console import Console
    from redeliver.core.settings import Settings
    from redeliver.github.app_token import Credential
    from redeliver.github.hooks import Hook
    from redeliver.github.ports import Store
    from redeliver.github.responses import Transport
    from redeliver.timing import RunClock


class Session:
    """What a step or a command works with. It connects when something is first asked of GitHub."""

    def __init__(
        self,
        settings: Settings,
        connect: Callable[[Credential], Transport],
        clock: RunClock,
        console: Console,
        *,
        sends: bool = False,
        store_for: Callable[[str], Store] | None = None,
        before_post: Callable[[], None] | None = None,
    ) -> None:
        """``connect`` gives a connection for a credential. ``sends``: it may redeliver, and not only read.

        ``store_for`` returns the store to use instead of a variable for a hook's checkpoint, by the hook's id as text
        (empty for an App's). ``before_post``: what it raises keeps a POST from being made.
        """
        self.settings = settings
        self.clock = clock
        self.console = console
        self.owner = owner_of(settings)
        self.chosen: dict[str, Hook] = {}
        """The webhooks that were chosen, by their ids as text."""
        self.left_out: Fact | None = None
        """Webhooks that may have been meant, but have no address that the pattern could match; None: there are none."""
        self._connect = connect
        self._sends = sends
        self._store_for = store_for
        self._pace = Pace(settings.redeliveries_per_minute)
        self._before_post = before_post

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
        permissions, repositories = grant_for(settings, sends=self._sends)
        path = self.owner.path
        installation = Installation(settings.app_id, app, path, self._connect, permissions, repositories)
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

        return self._store_for or variable

    def _connected(self, credential: Credential) -> Callable[[], Transport]:
        transport = self._connect(credential)
        return lambda: transport

    def _caller(self, connected: Callable[[], Transport], kind: CredentialKind = CredentialKind.TOKEN) -> Caller:
        urls = {"api_url": self.settings.api_url, "web_url": self.settings.web_url}
        return Caller(connected, self._pace, self.clock, kind, **urls, before_post=self._before_post)
