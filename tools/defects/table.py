"""Defects that ``make mutants`` cannot make, and the tests that must notice them.

mutmut changes an operator, a number, a text or an argument within a function. Here are statements in another order,
endings that are caught, rows of tables, and what is shared. A change is a text of the source and what stands in its
place. The text is looked for in all of the package, so that it may move from file to file; it must be there once.
"""

from __future__ import annotations

from dataclasses import dataclass

_MODEL = "tests/runs/test_model.py::test_the_promises_hold_whatever_happens"
ONE = (f"{_MODEL}[one webhook]",)
SEVERAL = (f"{_MODEL}[several]",)
BOTH = (*ONE, *SEVERAL)
SETTLED = "tests/runs/test_belief.py::test_final_outcome_is_reported_by_a_run_that_ends_while_it_reads_back"
NARROW = "tests/command/test_credentials.py::test_own_token_has_only_the_rights_that_its_run_needs"


@dataclass(frozen=True, slots=True)
class Defect:
    """One way to break the action."""

    what: str
    old: str
    new: str
    check: str
    """What the output of each test must match: the check that failed."""
    tests: tuple[str, ...]
    """Those that must fail, as arguments of pytest."""


DEFECTS = (
    # -- the checkpoint
    Defect(
        "the checkpoint before sending is the run's start",
        "self._store.write(window.checkpoint)",
        "self._store.write(window.start)",
        "nothing_is_lost",
        BOTH,
    ),
    Defect(
        "a run that could not read the log moves the checkpoint",
        "        if self._settings.dry_run or reading is None:\n            return\n",
        "        if self._settings.dry_run or record.window is None:\n"
        "            return\n"
        "        if reading is None:\n"
        "            self._store.write(record.window.start)\n"
        "            return\n",
        "every_hook_has_its_turn",
        BOTH,
    ),
    Defect(
        "a signal keeps the checkpoint from being written",
        "CheckpointNotSaved | Unexpected)",
        "CheckpointNotSaved | Unexpected | Stopped)",
        'assert "saved" in',
        ("tests/runs/test_stopping.py::test_signal_while_the_checkpoint_is_not_answered",),
    ),
    # -- what is read
    Defect(
        "a reading that broke off counts as whole",
        "        if self._read_by_mode(postpone=postpone):\n",
        "        try:\n"
        "            whole = self._read_by_mode(postpone=postpone)\n"
        "        except Exception:\n"
        "            whole = True\n"
        "        if whole:\n",
        "DID NOT RAISE",
        ("tests/unit/run/test_scan.py::test_error_while_reading_gives_no_partial_reading",),
    ),
    Defect(
        "how far was read is what the oldest row of a page says",
        "newest = max(page.times, default=inf)",
        "newest = min(page.times, default=inf)",
        "AssertionError",
        ("tests/runs/test_belief.py::test_late_row_on_small_pages_hides_no_other_failure",),
    ),
    Defect(
        "what the window settles is not recorded before more is read",
        "        if without_original := [",
        "        self.record.reading = None if partly_read else reading\n        if without_original := [",
        "StopIteration",
        (SETTLED,),
    ),
    Defect(
        "a new hour's calls are not noticed",
        "if self._source.quota.left > self._quota_at_first.left:",
        "if False:",
        "AssertionError",
        ("tests/runs/test_too_long.py::test_what_a_new_hours_calls_will_do_for_waits_for_them_and_is_found_whole",),
    ),
    # -- what is sent
    Defect(
        "a POST is repeated after its answer was lost",
        "return Reply(Acceptance.UNKNOWN, str(lost))",
        "return None",
        "AssertionError",
        ("tests/runs/test_bad_days.py::test_a_post_whose_answer_is_lost_is_never_repeated_in_the_same_run",),
    ),
    Defect(
        "events by which a dead endpoint was asked are sent last",
        "FRESH = 2\n",
        "FRESH = 1\n",
        "the same again and again",
        ("tests/runs/test_large_outage.py",),
    ),
    # -- limits
    Defect(
        "overload slows nothing",
        "        if overload:\n            # If nothing",
        "        if False:\n            # If nothing",
        "a_limited_endpoint_is_not_flooded",
        BOTH,
    ),
    Defect(
        "an endpoint is down though it has accepted something since",
        "return Ending.DOWN if looks_dead and self._looks_down else Ending.LEFT",
        "return Ending.DOWN",
        "one_that_accepts_is_not_called_down",
        ONE,
    ),
    Defect(
        "all types of events share one credit",
        "MOST_TYPES = 50\n",
        "MOST_TYPES = 0\n",
        "AssertionError",
        ("tests/runs/test_receivers.py::test_everything_arrives_and_nothing_is_given_up[poison of one type]",),
    ),
    Defect(
        "overload counts against the event",
        "is_clear = attempt.is_refusal or attempt.is_overload",
        "is_clear = attempt.is_refusal",
        "nothing_is_given_up_for_its_receiver",
        ONE,
    ),
    Defect(
        "a dead endpoint gets nine of each type",
        "CREDIT = 3\n",
        "CREDIT = 9\n",
        "a_dead_endpoint_is_spared",
        BOTH,
    ),
    Defect(
        "each webhook has a limit of points of its own",
        "    began, run = session.clock.now(), Run(session, hook, store)\n",
        "    session.caller.pace = type(session.caller.pace)(session.settings.redeliveries_per_minute)\n"
        "    began, run = session.clock.now(), Run(session, hook, store)\n",
        "900 points in a minute",
        ("tests/runs/test_pace.py::test_a_pace_without_bound_stays_within_the_points[3]",),
    ),
    # -- credentials and strangers
    Defect(
        "an App's token can do all that the App can",
        "lambda told: read_json(_TOKEN, told.body), body=body",
        "lambda told: read_json(_TOKEN, told.body)",
        "AssertionError",
        (NARROW,),
    ),
    Defect(
        "a stranger's text in an error keeps its addresses",
        "shown = plain(format(value, format_spec), 400)",
        "shown = format(value, format_spec)",
        "AssertionError",
        ("tests/unit/test_errors.py::test_no_error_shows_a_strangers_address",),
    ),
    # -- the report
    Defect(
        "one redelivery too many is reported",
        "redelivered=sum(case.was_accepted for case in record.ledger.sent),",
        "redelivered=sum(case.was_accepted for case in record.ledger.sent) + 1,",
        "the_report_is_true",
        BOTH,
    ),
    Defect(
        "a pending redelivery counts as recovered",
        "Acceptance.ACCEPTED: Outcome.PENDING,",
        "Acceptance.ACCEPTED: Outcome.RECOVERED,",
        "the_report_is_true",
        BOTH,
    ),
    Defect(
        "the first webhook's count stands for the sum",
        "redelivered=sum(hook.redelivered for hook in hooks)",
        "redelivered=hooks[0].redelivered if hooks else 0",
        "the_sums_are_right",
        SEVERAL,
    ),
    # -- several webhooks
    Defect(
        "all webhooks share a variable",
        'suffix = f"_{hook.hook_id}" if hook.hook_id and settings.hook_id.several else ""',
        'suffix = ""',
        "AssertionError",
        ("tests/command/test_several_hooks.py::test_list_or_pattern_of_one_names_the_variable_by_the_webhook",),
    ),
    Defect(
        "events are told apart by their guid alone",
        "self.cases = {case.event.guid: case for case in cases}",
        "self.cases = globals().setdefault('known', {})",
        "the action has a bug|which is not settled",
        SEVERAL,
    ),
    Defect(
        "a webhook's failure stops the others",
        "reports[hook.hook_id] = run_hook(session, hook, store_for(hook), heading)\n",
        "reports[hook.hook_id] = run_hook(session, hook, store_for(hook), heading)\n"
        "                if reports[hook.hook_id].errors:\n"
        "                        break\n",
        "every_hook_has_its_turn",
        SEVERAL,
    ),
    Defect(
        "a stopped run goes on with the next webhook",
        "if session.clock.signal_number is None:\n                with",
        "if True:\n                with",
        "a_signal_ends_it",
        SEVERAL,
    ),
)
