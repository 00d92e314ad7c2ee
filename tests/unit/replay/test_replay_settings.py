"""What chooses the events of a replay, and the error for each value that cannot."""

from __future__ import annotations

import pytest

from redeliver.errors import SettingsError
from redeliver.replay.settings import parse_replay

GUID = "3b1f2a00-0000-11ee-8000-00000000dead"
NOW = 1_794_000_000_000
WINDOW = {"from": "1h"}


@pytest.mark.parametrize(
    ("given", "name", "says"),
    [
        ({}, "from", "guid"),
        ({"to": "1h"}, "from", "guid"),
        ({"from": "73h"}, "from", "3 days"),
        ({"from": "2020-01-01T00:00:00Z"}, "from", "3 days"),
        ({"from": "yesterday"}, "from", "2026-11-24T13:00:00Z"),
        ({"from": "2026-11-24T13:00:00"}, "from", "2h"),
        ({"from": "2026-13-24T13:00:00Z"}, "from", "2026-13-24"),
        (WINDOW | {"to": "2h"}, "from", "before"),
        (WINDOW | {"to": "1h"}, "from", "before"),
        (WINDOW | {"to": "soon"}, "to", "soon"),
        ({"from": "2999-01-01T00:00:00Z"}, "from", "before"),
        (WINDOW | {"guid": GUID}, "guid", "from"),
        ({"guid": GUID[:-1]}, "guid", "X-GitHub-Delivery"),
        ({"guid": f"{GUID} {GUID[:-1]}e", "limit": "1"}, "guid", "limit"),
        ({"guid": GUID, "except-guids-file": "x"}, "except-guids-file", "from"),
        ({"except-guids-file": "x"}, "from", "required"),
        (WINDOW | {"except-guids-file": "-"}, "to", "a pipe"),
        (WINDOW | {"limit": "0"}, "limit", "'0'"),
        (WINDOW | {"limit": "many"}, "limit", "'many'"),
        (WINDOW | {"events": "Push!"}, "events", "pull_request.opened"),
        (WINDOW | {"hook-id": "1,2"}, "hook-id", "one"),
        (WINDOW | {"hook-id": "all"}, "hook-id", "one"),
        (WINDOW | {"hook-id": ""}, "hook-id", ""),
        (WINDOW | {"repository": "octo/a"}, "repository", "org"),
    ],
)
def test_what_chooses_no_events_is_told_by_its_name(given: dict[str, str], name: str, says: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        parse_replay({"org": "octo", "hook-id": "1", "token": "pat"} | given, NOW)
    (problem,) = [one for one in wrong.value.problems if one.startswith(f"{name}: ")]
    assert says in problem
