"""What a step and a command have alike: how they connect, and how they end."""

from __future__ import annotations

import os
import time
from random import Random
from typing import TYPE_CHECKING

from redeliver.errors import RedeliverError, Stopped, Unexpected
from redeliver.github.connection import GitHubApi
from redeliver.github.session import Session
from redeliver.timing import RunClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from redeliver.console import Console
    from redeliver.core.settings import Settings
    from redeliver.github.app_token import Credential
    from redeliver.run.state_file import StateFile


def open_session(
    settings: Settings, console: Console, *, sends: bool = False, state: StateFile | None = None
) -> Session:
    """What works with these settings, and listens to signals from now on.

    The console masks every secret before it is used. ``state``: keeps the checkpoints, and once its lock is lost,
    nothing is sent.
    """
    console.mask(settings.private_key.get_secret_value())
    clock = RunClock(time, settings.time_limit, console)
    clock.listen_to_signals()

    def connect(credential: Credential) -> GitHubApi:
        if isinstance(credential, str):
            console.mask(credential)
        return GitHubApi(settings.api_url, credential, clock.call_time_left)

    return Session(
        settings,
        connect,
        clock,
        console,
        random=Random(),
        sends=sends,
        shows_hosts=shows_hosts(),
        store_for=(lambda hook: state.store(hook.key)) if state else None,
        before_post=state.check_lock if state else None,
    )


def shows_hosts() -> bool:
    """Whether everybody who may read what is said here may know where webhooks point.

    So it is on a server, and in a workflow of a repository that is not public. If that is not known, it is public.
    """
    in_workflow = os.environ.get("GITHUB_ACTIONS") == "true"
    return not in_workflow or os.environ.get("REPOSITORY_VISIBILITY") in {"private", "internal"}


def exit_code(work: Callable[[], int], tell: Callable[[RedeliverError], None]) -> int:
    """Do the work, which returns an exit code. If it raises something, that is told, and gives the exit code."""
    try:
        return work()
    except Stopped as stopped:
        return 128 + stopped.signal_number
    except RedeliverError as foreseen:
        fault = foreseen
    except Exception as unforeseen:  # noqa: BLE001  the last resort: no traceback, and no text that could hold a secret
        fault = Unexpected(kind=type(unforeseen).__name__)
    tell(fault)
    return fault.exit_code
