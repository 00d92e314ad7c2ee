"""One invocation of the action: a run for each hook, and one report."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from redeliver.core.findings import AddressUnknown
from redeliver.core.report import Report
from redeliver.errors import RedeliverError, Stopped
from redeliver.github.api import Caller
from redeliver.github.app_token import AppKey, InstallationTransport, grant_for
from redeliver.github.hooks import Hook, HookInfo, owner_of
from redeliver.github.pace import Pace
from redeliver.github.pages import Links
from redeliver.github.responses import CredentialKind
from redeliver.github.transport import InterruptibleTransport
from redeliver.github.variable import Variable
from redeliver.run.job import run_hook
from redeliver.run.log_lines import Progress
from redeliver.run.lookup import explain, hook_health, show
from redeliver.run.replay import replay_hook
from redeliver.run.result import build_report, report_of_bug
from redeliver.text import count, some_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from redeliver.console import Console
    from redeliver.core.health import HookHealth
    from redeliver.core.ports import Store
    from redeliver.core.replay.report import ReplayReport
    from redeliver.core.report import HookReport
    from redeliver.core.settings import Settings
    from redeliver.github.app_token import Credential
    from redeliver.github.transport import Transport
    from redeliver.run.lookup import ShownEvent
    from redeliver.timing import RunClock


class Runs:
    """Makes the runs, one hook after the other. A hook whose run fails does not stop the others."""

    def __init__(
        self,
        settings: Settings,
        connect: Callable[[Credential], Transport],
        clock: RunClock,
        console: Console,
        *,
        store_for: Callable[[str], Store | None] | None = None,
        shuffle: Callable[[list[int | None]], None] = random.shuffle,
    ) -> None:
        """``connect`` gives a connection for a credential.

        ``shuffle`` puts hooks in a different order in each run, in place.

        ``store_for`` returns the store to use instead of a variable for a hook's checkpoint, by the hook's id as text
        (empty for an App's).
        """
        self._settings = settings
        self._connect_raw = connect
        self._clock = clock
        self._console = console
        self._store_for = store_for
        self._shuffle = shuffle
        self._owner = owner_of(settings)
        self._pace = Pace(settings.redeliveries_per_minute)
        self._links = Links(settings.api_url)
        self._left_out: AddressUnknown | None = None
        self._run_over: dict[str, Hook] = {}

    def run(self) -> Report:
        """Run over every chosen hook. Whatever happens, return a report."""
        settings = self._settings
        reports: dict[int | None, HookReport] = {}
        chosen: dict[int | None, HookInfo] = {}
        fault = ""
        try:
            token = settings.variable_token.get_secret_value()
            keeps_variable = bool(settings.variable_name) and not token and not self._store_for
            main = self._main_caller(sends=not settings.dry_run, keeps_variable=keeps_variable)
            variables = self._caller(self._connect(token)) if token else main
            chosen = {info.id: info for info in self._choose(main)}
            # Otherwise a hook that uses up the time limit in every run would starve those after it.
            in_turn = list(chosen)
            self._shuffle(in_turn)
            for hook_id in in_turn:
                if self._clock.signal_number is None:
                    reports[hook_id] = self._one(chosen[hook_id], main, variables)
        except RedeliverError as error:
            fault = str(error)
        except Stopped:
            pass
        told = tuple(reports[hook_id] for hook_id in chosen if hook_id in reports)
        unreached = len(chosen) - len(told)
        return Report(told, settings.dry_run, self._clock.signal_number, fault, unreached, self._left_out)

    def explain(self, report: Report) -> Report:
        """Add to this object's report what the endpoints answered, if that was asked for. Whatever happens, return one.

        Nothing depends on it, so call it when the report's results are safe: a job can be killed while it looks up.
        """
        if not self._settings.explain or self._clock.signal_number is not None:
            return report
        hooks: Sequence[HookReport] = report.hooks
        with suppress(Stopped):
            hooks = explain([(self._run_over[one.hook_id], one) for one in hooks], self._console)
        return replace(report, hooks=tuple(hooks), signal_number=self._clock.signal_number)

    def hook_ids(self) -> list[int | None]:
        """The ids of the chosen hooks.

        Raises:
            NoSuchHook, ApiError, OutOfTime: there are none, or they could not be listed.
        """
        return [info.id for info in self._choose(self._main_caller())]

    def replay(self, settings: Settings) -> ReplayReport:
        """One replay over the chosen webhook. Whatever happens, return a report.

        Raises:
            BadPrivateKey: no request could be made.
        """
        caller = self._main_caller(sends=settings.send)
        (info,) = self._choose(caller)
        return replay_hook(self._hook(caller, info), self._clock, self._console, settings)

    def survey(self) -> list[HookHealth]:
        """The deliveries of the chosen webhooks within ``lookback``, inactive webhooks included.

        Raises:
            NoSuchHook, ApiError, OutOfTime: there are none, or they could not be read.
        """
        caller = self._main_caller()
        listed = self._owner.list_hooks(caller, self._links)
        since = caller.now() - self._settings.lookback * 1000
        found = []
        for info in self._owner.pick(listed, self._settings.hook_id, inactive=True):
            hook = self._hook(caller, info)
            self._console.line(f"Reading the log of {hook.name}")
            found.append(hook_health(info, hook, since, self._settings.delivery_timeout))
        return found

    def show(self, guids: Sequence[str]) -> list[ShownEvent]:
        """Every attempt of these events in the logs of the chosen hooks, inactive ones too.

        Events that are in none of the logs are left out.

        Raises:
            NoSuchHook, ApiError, OutOfTime: there are no such hooks, or their logs could not be read.
        """
        caller = self._main_caller()
        chosen = self._choose(caller, inactive=True)
        progress = Progress(self._clock, self._console)
        retained_from = caller.now() - self._settings.retention_ms
        found = []
        for hook in (self._hook(caller, info) for info in chosen):
            self._console.line(f"Looking through the log of {hook.name}")
            found += show(hook, guids, progress, retained_from)
        return found

    def _choose(self, caller: Caller, *, inactive: bool = False) -> list[HookInfo]:
        """The webhooks that ``hook-id`` means. They are listed only when it holds a pattern.

        Raises:
            NoSuchHook: the pattern matches none.
            ApiError, OutOfTime: they could not be listed.
        """
        choice = self._settings.hook_id
        listed = self._owner.list_hooks(caller, self._links) if choice.pattern else []
        if without := [str(info.id) for info in listed if choice.pattern.strip("*") and not info.url]:
            which = f"{count(len(without), 'webhook')} ({some_of(without)})"
            self._left_out = AddressUnknown(hooks=which, them="it" if len(without) == 1 else "them")
            self._console.line(self._left_out.problem)
        return self._owner.pick(listed, choice, inactive=inactive)

    def _one(self, info: HookInfo, main: Caller, variables: Caller) -> HookReport:
        hook = self._hook(main, info)
        store = self._store_for(hook.hook_id) if self._store_for else self._variable(variables, hook.hook_id)
        self._run_over[hook.hook_id] = hook
        began = self._clock.now()
        record = run_hook(hook, store, self._clock, self._console, self._settings)
        try:
            report = build_report(hook, record, self._settings)
        except Exception as bug:  # noqa: BLE001  a bug must not cost the other hooks their runs and reports
            report = report_of_bug(hook, record, bug)
        return replace(report, seconds=self._clock.now() - began)

    def _hook(self, caller: Caller, info: HookInfo) -> Hook:
        return Hook(caller, self._links, self._owner, info)

    def _variable(self, caller: Caller, key: str) -> Store | None:
        settings = self._settings
        if not settings.variable_name:
            return None
        suffix = f"_{key}" if key and settings.hook_id.several else ""
        return Variable(caller, settings.variable_repository, settings.variable_name + suffix)

    def _main_caller(self, *, sends: bool = False, keeps_variable: bool = False) -> Caller:
        """Calls with the credential that may read the hooks. See :func:`grant_for`."""
        settings, connect = self._settings, self._connect
        if not settings.app_id:
            return self._caller(connect(settings.token.get_secret_value()))
        key = connect(AppKey(settings.app_id, settings.private_key))
        if self._owner.is_app:
            return self._caller(key, CredentialKind.APP_KEY)
        app = self._caller(key, CredentialKind.APP_KEY)
        grant = grant_for(settings, sends=sends, keeps_variable=keeps_variable)
        installation = InstallationTransport(settings.app_id, app, self._owner.path, connect, grant)
        return self._caller(installation, CredentialKind.INSTALLATION_TOKEN)

    def _connect(self, credential: Credential) -> Transport:
        return InterruptibleTransport(self._connect_raw(credential), self._clock)

    def _caller(self, transport: Transport, kind: CredentialKind = CredentialKind.TOKEN) -> Caller:
        return Caller(transport, self._pace, self._clock, kind, web_url=self._settings.web_url)
