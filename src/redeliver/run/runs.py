"""A run for each chosen webhook, and one report."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from redeliver import __version__
from redeliver.core.report import Report
from redeliver.errors import CheckpointNotSaved, RedeliverError, Stopped
from redeliver.run.job import run_hook

if TYPE_CHECKING:
    from redeliver.core.report import HookReport
    from redeliver.github.session import Session

#: Seconds that a run over one webhook may take while others wait for their turn.
_SHARE = 30 * 60


def run_hooks(session: Session) -> Report:
    """Run over every chosen hook, one after the other. Whatever happens, return a report.

    A hook whose run fails does not stop the others. They take turns in a different order in each run.
    """
    reports: dict[str, HookReport] = {}
    fault: RedeliverError | None = None
    try:
        # Otherwise a hook that uses up the time limit in every run would starve those after it.
        session.random.shuffle(in_turn := session.choose())
        store_for = session.stores()
        if (several := len(in_turn)) > 1:
            session.console.line(f"Redeliver {__version__} · {several:,} webhooks of {session.owner.login}")
        for place, hook in enumerate(in_turn, 1):
            heading = f"{place:,} of {several:,}" if several > 1 else f"Redeliver {__version__}"
            if session.clock.signal_number is None:
                with session.clock.at_most(_SHARE if place < several else inf):
                    reports[hook.hook_id] = run_hook(session, hook, store_for(hook), heading)
    except RedeliverError as error:
        fault = error
    except Stopped:
        pass
    if session.shared and not session.settings.dry_run:
        try:
            with session.clock.closing():
                session.shared.finish()
        except CheckpointNotSaved as unsaved:
            fault = fault or unsaved
            for hook_id, report in reports.items():
                reports[hook_id] = replace(report, checkpoint=session.shared.stored(hook_id))
    # What is left of the time matters when somebody reads of it.
    ended = max((one.start + round(one.seconds * 1000) for one in reports.values()), default=0)
    made = tuple(replace(reports[hook_id], ended=ended) for hook_id in session.chosen if hook_id in reports)
    unreached = len(session.chosen) - len(made)
    dry_run, signal_number = session.settings.dry_run, session.clock.signal_number
    left_out, tokens, names_hosts = session.left_out, session.token_ends(), session.shows_hosts
    return Report(made, dry_run, signal_number, fault, unreached, left_out, tokens, names_hosts)
