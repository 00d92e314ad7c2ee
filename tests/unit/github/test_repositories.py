"""Which repositories a name or a pattern stands for, whatever GitHub's list holds."""

from __future__ import annotations

import pytest

from redeliver.errors import ApiUnexpected, NoRepositories
from redeliver.github.repositories import find_repositories
from samples import Calls, answer

LISTED = [
    {"full_name": "acme/a", "archived": None},
    {"full_name": "Acme/B"},
    {"full_name": "acme/old", "archived": True},
    {"full_name": "other/a", "archived": False},
]


def found(*names: str, listed: object = LISTED, is_installation: bool = False) -> list[str]:
    calls = Calls(answer(200, listed))
    return find_repositories(calls.caller, names, is_installation=is_installation)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["acme/*"], ["acme/a", "Acme/B"]),
        (["ACME/b*", "acme/*"], ["Acme/B", "acme/a"]),
        (["acme/old", "other/x"], ["acme/old", "other/x"]),
        (["acme/a", "acme/*"], ["acme/a", "Acme/B"]),
    ],
)
def test_pattern_means_open_repositories_of_its_owner_and_a_name_itself(names: list[str], expected: list[str]) -> None:
    assert found(*names) == expected
    assert found(*names, listed={"repositories": LISTED}, is_installation=True) == expected


def test_pattern_that_fits_none_is_an_error() -> None:
    with pytest.raises(NoRepositories):
        found("acme/old*")


@pytest.mark.parametrize("name", ["acme/..", "../acme", "acme", "acme/a/b", "acme/a?x=1", "acme/a\n", 7, None])
def test_impossible_name_in_the_list_is_an_error(name: object) -> None:
    with pytest.raises(ApiUnexpected):
        found("acme/*", listed=[*LISTED, {"full_name": name}])
