"""``make bench``, first part: this action beside the documented way, at 100 ms a call."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

from sides import LATENCY_MS, Measured, action, documented, measure

EVENTS = 5_000
REDELIVERIES = 300


def main() -> int:
    """Print the comparison; 0 when every budget is kept."""
    print(f"{LATENCY_MS} ms a call; a scan of {EVENTS:,} deliveries, and {REDELIVERIES} redeliveries\n")
    scan_ours, scan_theirs = measure(action, events=EVENTS, failing=0), measure(documented, events=EVENTS, failing=0)
    failures = measure(lambda url: action(url, scan="failures"), events=EVENTS, failing=0)
    # Both wait more than they work, so they do not slow each other down.
    with ThreadPoolExecutor() as pool:
        ours, theirs = pool.map(
            lambda side: measure(side, events=REDELIVERIES, failing=REDELIVERIES), (action, documented)
        )
    rows = [
        ("scan, against the serial round trips", scan_ours.per_round_trip, "<=", 1.1, scan_theirs.per_round_trip),
        ("scan, whole process, seconds", scan_ours.seconds, "<=", scan_theirs.seconds, scan_theirs.seconds),
        ("`scan: failures`, list calls", failures.lists, "<=", 1, scan_theirs.lists),
        ("redeliveries, pace against octokit's", ours.pace / theirs.pace, ">=", 2.4, 1.0),
        ("redeliveries that GitHub took", ours.sent, ">=", REDELIVERIES, theirs.sent),
        ("calls over a limit", _violations(ours, scan_ours), "<=", 0, _violations(theirs, scan_theirs)),
    ]
    kept = True
    print("| what | action | budget | documented way | |\n| :-- | --: | --: | --: | :-- |")
    for what, mine, sign, budget, other in rows:
        good = mine <= budget if sign == "<=" else mine >= budget
        kept = kept and good
        print(f"| {what} | {mine:.3g} | {sign} {budget:.3g} | {other:.3g} | {'kept' if good else 'BROKEN'} |")
    return 0 if kept else 1


def _violations(*runs: Measured) -> int:
    return sum(run.violations for run in runs)


if __name__ == "__main__":
    sys.exit(main())
