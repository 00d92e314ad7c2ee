"""All the runs that one start of the action comes to: one for each hook, and one report."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from redeliver.core.report import Report
from redeliver.errors import RedeliverError, Stopped
from redeliver.github.answers import Proof
from redeliver.github.api import Caller
from redeliver.github.app_token import AppKey, InstallationTransport
from redeliver.github.links import Links
from redeliver.github.owner import owner_of
from redeliver.github.pace import Pace
from redeliver.github.variable import CheckpointStore, Variable
from redeliver.run.job import Job, Tools
from redeliver.run.result import account
from redeliver.run.survey import Health, health
from redeliver.stop import CLOSING_LIMIT, Stop, StoppableClock, StoppableTransport
from redeliver.waiter import Waiter

if TYPE_CHECKING:
    from collections.abc import Callable

    from redeliver.clock import Clock
    from redeliver.console import Console
    from redeliver.core.report import HookReport
    from redeliver.core.settings import Settings
    from redeliver.github.app_token import Credential
    from redeliver.github.transport import Transport


class Runs:
    """Makes the runs, one hook after the other. A hook whose run fails does not stop the others."""

    def __init__(
        self,
        settings: Settings,
        connect: Callable[[Credential], Transport],
        clock: Clock,
        stop: Stop,
        console: Console,
        *,
        store_for: Callable[[str], CheckpointStore | None] | None = None,
        shuffle: Callable[[list[int | None]], None] = random.shuffle,
    ) -> None:
        """``connect`` gives a connection for a credential.

        ``shuffle`` puts hooks in an order, in place, that is another one in every run.

        ``store_for`` gives a hook's checkpoint another place than a variable, by the hook's id as text (empty for an
        App's).
        """
        self._settings = settings
        self._connect_raw = connect
        self._stop = stop
        self._console = console
        self._store_for = store_for or self._variable
        self._shuffle = shuffle
        self._owner = owner_of(settings)
        self._clock = StoppableClock(clock, stop)
        self._waiter = Waiter(self._clock, settings.time_limit, console)
        self._pace = Pace(settings.redeliveries_per_minute)
        self._links = Links(settings.api_url)

    def run(self) -> Report:
        """Run over every hook that is meant; whatever happens, report."""
        settings, stop = self._settings, self._stop
        reports: dict[int | None, HookReport] = {}
        hook_ids: list[int | None] = []
        fault = ""
        try:
            main = self._main_caller()
            token = settings.variable_token.get_secret_value()
            variables = self._caller(self._connect(token)) if token else main
            hook_ids = self._owner.choose(main, self._links, settings.hook_id)
            # Or else one that takes up the time limit in every run would keep those after it from ever having any.
            in_turn = list(hook_ids)
            self._shuffle(in_turn)
            for hook_id in in_turn:
                if stop.signal_number is None:
                    reports[hook_id] = self._one(hook_id, main, variables)
                    stop.reopen()
        except RedeliverError as error:
            fault = str(error)
        except Stopped:
            pass
        told = tuple(reports[hook_id] for hook_id in hook_ids if hook_id in reports)
        return Report(told, settings.dry_run, stop.signal_number, fault)

    def hook_ids(self) -> list[int | None]:
        """The ids of the hooks that are meant.

        Raises:
            NoSuchHook, ApiError, OutOfTime: there are none, or they could not be listed.
        """
        return self._owner.choose(self._main_caller(), self._links, self._settings.hook_id)

    def survey(self) -> list[Health]:
        """How the hooks that are meant fare, within ``lookback``.

        Raises:
            NoSuchHook, ApiError, OutOfTime: there are none, or they could not be read.
        """
        caller = self._main_caller()
        listed = self._owner.list_hooks(caller, self._links)
        urls: dict[int | None, str] = {info.id: info.url for info in listed}
        since = caller.now() - self._settings.lookback * 1000
        found = []
        for hook_id in self._owner.pick(listed, self._settings.hook_id):
            hook = self._owner.hook(caller, self._links, hook_id)
            self._console.line(f"Reading the log of {hook.name}")
            found.append(health(hook_id, urls.get(hook_id, ""), hook, since))
        return found

    def _one(self, hook_id: int | None, main: Caller, variables: Caller) -> HookReport:
        hook = self._owner.hook(main, self._links, hook_id)
        tools = Tools(
            hook=hook,
            caller=main,
            variables=variables,
            store=self._store_for("" if hook_id is None else str(hook_id)),
            waiter=self._waiter,
            console=self._console,
            closing=lambda: Waiter(self._clock, self._stop.close(), self._console),
        )
        facts = Job(self._settings, tools).run()
        return account(hook, facts, dry_run=self._settings.dry_run)

    def _variable(self, key: str) -> CheckpointStore | None:
        settings = self._settings
        if not settings.variable_name:
            return None
        suffix = f"_{key}" if key and settings.hook_id.several else ""
        return Variable(settings.variable_repository, settings.variable_name + suffix)

    def _main_caller(self) -> Caller:
        """Calls with whatever credential may read the hooks."""
        settings, connect = self._settings, self._connect
        if not settings.app_id:
            return self._caller(connect(settings.token.get_secret_value()))
        key = connect(AppKey(settings.app_id, settings.private_key))
        if self._owner.is_app:
            return self._caller(key, Proof.KEY)
        # A token may have to be renewed for the last calls of a run, which come after its time.
        late = Waiter(self._clock, settings.time_limit + CLOSING_LIMIT, self._console)
        app = Caller(key, self._pace, late, Proof.KEY)
        return self._caller(InstallationTransport(settings.app_id, app, self._owner.path, connect), Proof.MADE)

    def _connect(self, credential: Credential) -> Transport:
        return StoppableTransport(self._connect_raw(credential), self._stop)

    def _caller(self, transport: Transport, proof: Proof = Proof.GIVEN) -> Caller:
        return Caller(transport, self._pace, self._waiter, proof)
