"""Every webhook with every credential at every GitHub: found, sent once, brought home, and the place kept."""

from __future__ import annotations

import pytest

from command.site import PLACES, CredentialKind, HookKind, Place, Site, combinations
from githubsim.clock import DAY, MINUTE
from githubsim.outcomes import BAD_CERTIFICATE, OK, REDIRECTED, TIMED_OUT

pytestmark = pytest.mark.slow


def id_of(value: Place | str) -> str:
    return value if isinstance(value, str) else value.name


@pytest.mark.parametrize(("place", "hook", "credential"), combinations(), ids=id_of)
def test_failed_events_are_sent_once_and_recovered(place: Place, hook: HookKind, credential: CredentialKind) -> None:
    site = Site(place, hook, credential)
    failed = [site.fail(200, TIMED_OUT), site.fail(100), site.fail(50, REDIRECTED), site.fail(5, BAD_CERTIFICATE)]
    recovered = site.fail(60)
    site.again(recovered, 40, OK)
    for number in range(350):  # more than one page
        site.fail(180 - number * 0.5, OK)

    report = site.run()

    assert report.errors == ()
    assert site.sent == failed
    assert (report.failed, report.redelivered, report.recovered, report.undelivered) == (4, 4, 4, 0)
    assert site.checkpoint == str(report.start)
    site.clock.advance(15 * MINUTE)
    assert site.run().failed == 0
    assert site.sent == failed


@pytest.mark.parametrize("place", PLACES, ids=id_of)
def test_window_reaches_back_as_far_as_retention(place: Place) -> None:
    site = Site(place, "organization", "fine-grained")
    kept = site.fail(minutes_ago=place.retention_days * 24 * 60 - 5)
    site.fail(minutes_ago=place.retention_days * 24 * 60 + 5)
    report = site.run(lookback="30d")
    assert report.start - report.hooks[0].cutoff == place.retention_days * DAY  # a week where the API is below a path
    assert site.sent == [kept]


def test_server_that_ignores_the_filter_is_read_whole() -> None:
    site = Site(PLACES[-1], "organization", "fine-grained")
    failed = [site.fail(100, BAD_CERTIFICATE), site.fail(90, REDIRECTED), site.fail(80)]
    for number in range(250):
        site.fail(120 - number * 0.4, OK)
    report = site.run(scan="failures", overlap="0")
    assert any("filter" in line for line in site.console.lines)
    assert site.sent == failed
    assert report.recovered == 3
    assert report.scanned > 250
