"""What a user may set of the tracking issue: the table of its inputs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BeforeValidator

from redeliver.core.input_table import as_input, table
from redeliver.core.inputs import matching, refuse
from redeliver.core.settings import INPUTS, Settings, read, without_empty
from redeliver.tracking.situation import Situation, read_report

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: GitHub's own limit; a comma would make it two labels where issues are listed by label.
_LABEL = r"[^,\x00-\x1f\x7f]{1,50}"
_LABEL_RULE = "a label of at most 50 characters, without a comma"


def _report(value: object) -> object:
    try:
        return read_report(str(value))
    except ValueError as wrong:
        raise refuse(f"must be the output report of Redeliver Action ({wrong})") from None


class TrackingSettings(Settings):
    """Settings of the tracking issue. Settings of a run that have no input here keep their default."""

    report: Annotated[Situation, BeforeValidator(_report)] = as_input(
        "The output `report` of Redeliver Action. Empty: the run failed before it had one.",
    )
    label: Annotated[str, matching(_LABEL, _LABEL_RULE)] = as_input(
        "Label by which the issue is found. Each workflow needs its own; it is created if necessary. Required.",
    )


#: How its inputs differ from a run's of the same name; {}: not at all.
_SHARED: dict[str, dict[str, Any]] = {
    "report": {},
    "label": {},
    "repository": {
        "description": "Repository that has the issue, as owner/name.",
        "default": "${{ github.repository }}",
    },
    "token": {
        "description": "Token that can write issues there: `permissions: issues: write` for the workflow's own.",
        "default": "${{ github.token }}",
    },
    "api-url": {},
    "image": {},
    "runtime": {},
}
_ROWS = {row.name: row for row in (*INPUTS, *table(TrackingSettings))}
#: The inputs of ``tracking-issue/action.yml``, in the order in which users read them.
TRACKING_INPUTS = tuple(replace(_ROWS[name], **differs) for name, differs in _SHARED.items())


def parse_tracking(values: Mapping[str, str]) -> TrackingSettings:
    """Read settings from inputs by name.

    Raises:
        SettingsError: as :func:`redeliver.core.settings.parse`.
    """
    given = without_empty(values, TRACKING_INPUTS)
    return read(TrackingSettings, given, list(_what_is_missing(given)))


def _what_is_missing(given: Mapping[str, str]) -> Iterator[str]:
    if "label" not in given:
        yield "label: is required, one for each workflow"
    if "repository" not in given:
        yield "repository: is required, the one that has the issue"
    if "token" not in given:
        yield "token: is required, one that can write issues"
