"""The changelog, and the version in the code: what is to be released."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADING = re.compile(r"^## (?P<version>\d+\.\d+\.\d+) \((?P<date>unreleased|\d{4}-\d\d-\d\d)\)$", re.MULTILINE)
_CODE = re.compile(r'^__version__ = "(?P<version>[^"]*)"$', re.MULTILINE)


class Refused(Exception):
    """A sentence for whoever wanted a release. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Section:
    """One version's part of the changelog."""

    version: str
    date: str
    text: str

    @property
    def is_released(self) -> bool:
        """Whether it has a date, and so is meant to be released."""
        return self.date != "unreleased"


def sections(changelog: str) -> list[Section]:
    """The versions, newest first, as they stand there."""
    headings = list(_HEADING.finditer(changelog))
    ends = [heading.start() for heading in headings[1:]] + [len(changelog)]
    return [
        Section(heading["version"], heading["date"], changelog[heading.end() : end].strip())
        for heading, end in zip(headings, ends, strict=True)
    ]


def section(changelog: str, version: str) -> Section:
    """One version's.

    Raises:
        Refused: there is none, or it has no date.
    """
    for found in sections(changelog):
        if found.version == version:
            if not found.is_released:
                raise Refused(f"CHANGELOG.md says that {version} is unreleased: give it a date.")
            return found
    raise Refused(f"CHANGELOG.md has no section for {version}.")


def code_version(source: str) -> str:
    """``__version__``; empty: there is none."""
    found = _CODE.search(source)
    return found["version"] if found else ""


def with_code_version(source: str, version: str) -> str:
    """The source with another ``__version__``."""
    return _CODE.sub(f'__version__ = "{version}"', source)
