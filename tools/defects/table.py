"""Defects, and the tests that must notice them.

A change is a text of the source and what stands in its place. The text is looked for in all of the package, so that it
may move from file to file; it must be there once. Choose it as short as it is telling.
"""

from __future__ import annotations

from dataclasses import dataclass

_MODEL = "tests/runs/test_model.py::test_the_promises_hold_whatever_happens"
ONE = f"{_MODEL}[one webhook]"
SEVERAL = f"{_MODEL}[several]"
LARGE_OUTAGE = "tests/runs/test_large_outage.py"
CREDENTIALS = "tests/command/test_credentials.py"
NARROW = "test_a_token_of_the_actions_own_can_do_what_its_run_needs_and_nothing_else"
PACE = "tests/runs/test_pace.py"
UNBOUND = f"{PACE}::test_a_pace_without_bound_stays_within_the_points"
FOR_OTHERS = "test_a_run_with_much_to_send_leaves_a_fifth_of_what_is_left_of_the_hour_to_others"
API = "tests/unit/github/test_api.py"
STOPPING = "tests/runs/test_stopping.py"
NEW_HOUR = "test_what_a_new_hours_calls_will_do_for_waits_for_them_and_is_found_whole"
QUIET = "tests/runs/test_quiet_webhook.py"
BELIEF = "tests/runs/test_belief.py"
ABSENCE = "tests/runs/test_absence.py"
NO_LINK = "test_a_full_page_that_names_no_next_one_is_asked_for_once_more_and_then_breaks_the_scan_off"
TOO_LONG = "tests/runs/test_too_long.py"
#: What is wrongly taken for settled breaks all three of these; which one a world shows first is chance.
GIVEN_UP_EARLY = "the_report_is_true|nothing_is_lost|the_checkpoint_is_sound"


@dataclass(frozen=True, slots=True)
class Defect:
    """One way to break the action."""

    what: str
    old: str
    new: str
    noticed_by: dict[str, str]
    """Tests that must fail, as arguments of pytest, and what their output must match: the check that failed."""


DEFECTS = (
    # -- the checkpoint
    Defect(
        "the checkpoint is 1 ms past an event that is not settled",
        "attempt.at - 1 for attempt in holding",
        "attempt.at + 1 for attempt in holding",
        {ONE: "the_checkpoint_is_sound", SEVERAL: "the_checkpoint_is_sound"},
    ),
    Defect(
        "the checkpoint is always the run's start",
        "return min([start, *(attempt.at - 1 for attempt in holding), *(at - 1 for at in unread)])",
        "return start",
        {ONE: "the_checkpoint_is_sound|nothing_is_lost", SEVERAL: "the_checkpoint_is_sound|nothing_is_lost"},
    ),
    Defect(
        "the checkpoint before sending is the run's start",
        "self._store.write(window.checkpoint)",
        "self._store.write(window.start)",
        {ONE: "nothing_is_lost", SEVERAL: "nothing_is_lost"},
    ),
    Defect(
        "a run that could not read the log moves the checkpoint",
        "        if self._settings.dry_run or reading is None:\n            return None\n",
        "        if self._settings.dry_run or record.window is None:\n"
        "            return None\n"
        "        if reading is None:\n"
        "            return record.window.start\n",
        {ONE: "every_hook_has_its_turn", SEVERAL: "every_hook_has_its_turn"},
    ),
    Defect(
        "a signal keeps the checkpoint from being written",
        "CheckpointNotSaved | Unexpected)",
        "CheckpointNotSaved | Unexpected | Stopped)",
        {f"{STOPPING}::test_though_the_checkpoint_is_not_answered": 'assert "saved" in'},
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
        {ONE: "the_report_is_true|the_checkpoint_is_sound", SEVERAL: "the_report_is_true|the_checkpoint_is_sound"},
    ),
    Defect(
        "a success before the window is not looked for",
        "        return Outcome.UNCHECKED\n",
        "        return None\n",
        {f"{TOO_LONG}::test_an_earlier_success_is_found_however_far_back": "nothing_is_sent_in_vain"},
    ),
    Defect(
        "how far was read is what the oldest row of a page says",
        "newest = inf if page.newest is None else page.newest",
        "newest = min(page.times, default=inf)",
        {f"{BELIEF}::test_small_pages_with_a_row_that_shows_up_late_hide_no_other_failure": "AssertionError"},
    ),
    Defect(
        "a full page without a link is the last one",
        "if following is None and len(rows) >= size > 1:",
        "if False:",
        {f"{ABSENCE}::{NO_LINK}": "assert"},
    ),
    Defect(
        "a row that cannot be read does not hold the checkpoint",
        ", *(at - 1 for at in unread)",
        "",
        {f"{ABSENCE}::test_a_row_that_cannot_be_read_is_told_and_holds_the_checkpoint_and_the_rest_is_done": "assert"},
    ),
    Defect(
        "of two clocks that differ the newer response's counts",
        "if ahead <= CLOCKS_AGREE:",
        "if True:",
        {f"{API}::test_of_two_clocks_that_differ_the_earlier_one_counts": "assert"},
    ),
    Defect(
        "what the window settles is not recorded before more is read",
        "        if without_original := [",
        "        self.record.reading = None if partly_read else reading\n        if without_original := [",
        {
            f"{BELIEF}::test_what_no_run_sends_any_more_is_told_by_the_run_that_ends_while_it_reads_back_for_another": (
                "StopIteration"
            )
        },
    ),
    Defect(
        "an event that is out of attempts is given up whatever was not read of it",
        "if is_spent and is_whole:",
        "if is_spent:",
        {"tests/unit/core/test_plan.py::test_every_reason_has_its_turn_and_the_final_ones_come_first": "assert"},
    ),
    Defect(
        "an event whose first attempt is gone is tried as long as one attempt is left",
        "return None if is_whole or (len(event.attempts) == 1 and not is_spent)",
        "return None if is_whole or not is_spent",
        {f"{TOO_LONG}::test_an_event_whose_first_attempt_is_gone_is_tried_once": "assert"},
    ),
    Defect(
        "a new hour's calls are waited for without end",
        "postpone = window.cutoff > window.retained_from + _POSTPONE_MARGIN",
        "postpone = True",
        {f"{TOO_LONG}::test_a_new_hour_is_not_waited_for_for_ever": "until GitHub has forgotten it"},
    ),
    Defect(
        "a new hour's calls are not noticed",
        "if self._source.quota.left > self._quota_at_first.left:",
        "if False:",
        {f"{TOO_LONG}::{NEW_HOUR}": "AssertionError"},
    ),
    # -- what is sent
    Defect(
        "an event is sent again despite a success",
        'if row["redelivery"] or guid in self._failed:',
        "if False:",
        {ONE: "nothing_is_sent_in_vain", SEVERAL: "nothing_is_sent_in_vain"},
    ),
    Defect(
        "an event gets one attempt more than max-attempts",
        "if not 0 < self.max_attempts <= event.count:",
        "if not 0 < self.max_attempts < event.count:",
        {ONE: "nothing_is_sent_in_vain", SEVERAL: "nothing_is_sent_in_vain|no_run_is_green_over_a_loss"},
    ),
    Defect(
        "an event gets one attempt less than max-attempts",
        "if not 0 < self.max_attempts <= event.count:",
        "if not 0 < self.max_attempts <= event.count + 1:",
        {ONE: GIVEN_UP_EARLY, SEVERAL: GIVEN_UP_EARLY},
    ),
    Defect(
        "attempts at an endpoint that is down use up max-attempts",
        "return not latest.like_endpoint_down or (oldest_success is not None and latest.at >= oldest_success)",
        "return True",
        {f"{QUIET}::test_an_outage_of_a_weekend_loses_nothing": "AssertionError"},
    ),
    Defect(
        "there is no spacing",
        "if not is_spent and event.count > 1 and self.due_at(event) > now:",
        "if False:",
        {ONE: "nothing_is_sent_in_vain", SEVERAL: "nothing_is_sent_in_vain"},
    ),
    Defect(
        "a dry run sends",
        "if due and not self._settings.dry_run:",
        "if due:",
        {ONE: "nothing_is_sent_in_vain", SEVERAL: "nothing_is_sent_in_vain"},
    ),
    Defect(
        "a POST is repeated after its answer was lost",
        "return Reply(Acceptance.UNKNOWN, str(lost))",
        "return Reply(Acceptance.LIMITED)",
        {ONE: "nothing_is_sent_in_vain", SEVERAL: "nothing_is_sent_in_vain"},
    ),
    Defect(
        "there is no probe",
        "if seconds == 0 or len(cases) <= PROBE_SIZE:",
        "if True:",
        {ONE: "a_dead_endpoint_is_spared", SEVERAL: "a_dead_endpoint_is_spared"},
    ),
    Defect(
        "events by which a dead endpoint was asked are sent last",
        "FRESH = 2\n",
        "FRESH = 1\n",
        {LARGE_OUTAGE: "the same again and again"},
    ),
    Defect(
        "a dead endpoint is asked by events that failed twice",
        "return sorted(cases, key=lambda case: case.event.count)[:PROBE_SIZE]",
        "return list(cases)[:PROBE_SIZE]",
        {LARGE_OUTAGE: "the same again and again"},
    ),
    Defect(
        "an event is sent however old it is",
        "if last is not None and (last < now or is_gone):",
        "if False:",
        {ONE: "nothing_is_sent_in_vain", SEVERAL: "nothing_is_sent_in_vain"},
    ),
    Defect(
        "an event is too old at half of its age",
        "return event.first.at + age + ROUNDING if age else None",
        "return event.first.at + age // 2 if age else None",
        {ONE: GIVEN_UP_EARLY, SEVERAL: GIVEN_UP_EARLY},
    ),
    # -- limits
    Defect(
        "a limit's waiting time is ignored",
        "self._blocked_until = max(self._blocked_until, now + seconds)",
        "self._blocked_until = now",
        {ONE: "limits_are_kept", SEVERAL: "limits_are_kept"},
    ),
    Defect(
        "there is no limit of points",
        "Turn(self._room_for(points, now) - now,",
        "Turn(0.0,",
        {f"{UNBOUND}[1]": "900 points in a minute", f"{UNBOUND}[3]": "900 points in a minute"},
    ),
    Defect(
        "each webhook has a limit of points of its own",
        "    record = run_hook(hook, store,",
        "    session.caller._pace = type(session.caller._pace)(session.settings.redeliveries_per_minute)\n"
        "    record = run_hook(hook, store,",
        {f"{UNBOUND}[3]": "900 points in a minute"},
    ),
    Defect(
        "no calls of the hour are left to others",
        "if not redelivery or not self.hourly:",
        "if True:",
        {f"{PACE}::{FOR_OTHERS}": "AssertionError"},
    ),
    Defect(
        "a run's end asks GitHub though none of the hour's calls is left",
        "self.quota.wait(1 if self._clock.is_closing else RESERVE",
        "self.quota.wait(0 if self._clock.is_closing else RESERVE",
        {f"{API}::test_the_checkpoint_may_have_the_hours_last_call_and_none_after_it": "assert 0 == 91"},
    ),
    # -- credentials and strangers
    Defect(
        "an App's token can do all that the App can",
        "partial(read_json, _TOKEN), body=self.grant.body",
        "partial(read_json, _TOKEN)",
        {
            f"{CREDENTIALS}::{NARROW}": "AssertionError",
        },
    ),
    Defect(
        "a stranger's text in an error keeps its addresses",
        "shown = plain(format(value, format_spec), 400)",
        "shown = format(value, format_spec)",
        {"tests/unit/test_errors.py::test_no_fact_of_any_error_shows_a_strangers_address": "AssertionError"},
    ),
    # -- the report
    Defect(
        "one redelivery too many is reported",
        "redelivered=sum(case.was_accepted for case in record.ledger.sent),",
        "redelivered=sum(case.was_accepted for case in record.ledger.sent) + 1,",
        {ONE: "the_report_is_true", SEVERAL: "the_report_is_true"},
    ),
    Defect(
        "a pending redelivery counts as recovered",
        "Acceptance.ACCEPTED: Outcome.PENDING,",
        "Acceptance.ACCEPTED: Outcome.RECOVERED,",
        {ONE: "the_report_is_true", SEVERAL: "the_report_is_true"},
    ),
    Defect(
        "the first webhook's count stands for the sum",
        "return sum(hook.redelivered for hook in self.hooks)",
        "return self.hooks[0].redelivered if self.hooks else 0",
        {SEVERAL: "the_sums_are_right"},
    ),
    # -- several webhooks
    Defect(
        "all webhooks share a variable",
        'suffix = f"_{hook_id}" if hook_id and settings.hook_id.several else ""',
        'suffix = ""',
        {SEVERAL: "every_hook_has_its_turn"},
    ),
    Defect(
        "events are told apart by their guid alone",
        "self.cases = {case.event.guid: case for case in cases}",
        "self.cases = globals().setdefault('known', {})",
        {SEVERAL: "the action has a bug"},
    ),
    Defect(
        "a webhook's failure stops the others",
        "reports[hook.hook_id] = _run(session, hook, store_for(hook.hook_id))\n",
        "reports[hook.hook_id] = _run(session, hook, store_for(hook.hook_id))\n"
        "                if reports[hook.hook_id].errors:\n"
        "                        break\n",
        {SEVERAL: "every_hook_has_its_turn"},
    ),
    Defect(
        "a stopped run goes on with the next webhook",
        "if session.clock.signal_number is None:\n                reports",
        "if True:\n                reports",
        {SEVERAL: "a_signal_ends_it"},
    ),
)
