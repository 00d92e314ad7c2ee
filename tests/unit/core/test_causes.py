"""Faults of many webhooks, told once for each cause."""

from __future__ import annotations

from dataclasses import replace

from redeliver.core.causes import short_name
from redeliver.core.report import Report
from reports import hook, hooks, one


def test_with_one_webhook_a_fault_stands_as_it_is() -> None:
    report = one(errors=("It may not.", "It was not saved."), warnings=("It was slow.",))
    assert report.errors == ("It may not.", "It was not saved.")
    assert report.warnings == ("It was slow.",)


def test_what_many_have_is_told_once_with_the_first_of_them() -> None:
    report = Report((hook(), *hooks(1_000, errors=("The token may not.",))))
    assert report.errors == ("hook 1 of the organization octo: The token may not. (999 more webhooks likewise.)",)


def test_a_sentence_that_names_its_webhook_or_its_variable_is_the_same_cause() -> None:
    named = [
        replace(one, warnings=(f"May not read {one.hook} (403).", f"CHECKPOINT_{short_name(one.hook)} was not saved."))
        for one in hooks(3)
    ]
    assert Report(tuple(named)).warnings == (
        "May not read hook 1 of the organization octo (403). (2 more webhooks likewise.)",
        "hook 1 of the organization octo: CHECKPOINT_1 was not saved. (2 more webhooks likewise.)",
    )


def test_another_number_is_another_cause() -> None:
    one, two = hooks(2)
    report = Report((replace(one, errors=("Answered 401 to 1.",)), replace(two, errors=("Answered 402 to 2.",))))
    assert len(report.errors) == 2
    report = Report((replace(one, errors=("Answered 11.",)), replace(two, errors=("Answered 1.",))))
    assert len(report.errors) == 2


def test_causes_that_differ_stand_apart_and_what_kept_the_run_from_any_hook_first() -> None:
    report = Report((*hooks(2, errors=("One.",)), hook(name="hook 9", errors=("Two.",))), fault="None was listed.")
    assert report.errors == (
        "None was listed.",
        "hook 1 of the organization octo: One. (1 more webhook likewise.)",
        "hook 9: Two.",
    )


def test_a_webhook_goes_by_its_number_and_an_apps_by_the_apps() -> None:
    assert short_name("hook 3804004623172239366 of the organization 7up") == "3804004623172239366"
    assert short_name("the webhook of the App 12") == "12"
    assert short_name("the webhook of the App Iv") == "the webhook of the App Iv"
