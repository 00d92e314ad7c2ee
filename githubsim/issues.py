"""Issues and labels of one repository. Labels are kept as they were written: to GitHub, case makes no difference."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from githubsim.wire import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from githubsim.tokens import TokenKind

LONGEST_BODY = 65_536
LONGEST_LABEL = 50


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote an issue: a person (``User``) or an App (``Bot``), and what the repository is to them."""

    login: str
    type: str = "User"
    association: str = "NONE"


STRANGER = Author("stranger")
#: Whose issues are those that a token opens.
AUTHORS: Mapping[TokenKind, Author] = {
    "actions": Author("github-actions[bot]", "Bot"),
    "installation": Author("redeliver[bot]", "Bot"),
    "fine-grained": Author("octocat", association="MEMBER"),
    "classic": Author("octocat", association="OWNER"),
}


@dataclass(slots=True)
class Issue:
    """An issue as it stands, and all that was ever written into it; times are epoch milliseconds."""

    number: int
    title: str
    body: str
    labels: list[str]
    author: Author
    created_at: int
    updated_at: int
    is_open: bool = True
    is_pull_request: bool = False
    comments: list[str] = field(default_factory=list)
    edits: int = 0


class Issues:
    """The issues of one repository. Without ``enabled`` there are none, and can be none."""

    def __init__(self) -> None:
        """None yet."""
        self.enabled = True
        self.labels: list[str] = []
        self._kept: list[Issue] = []

    def all(self) -> list[Issue]:
        """All of them, the newest first."""
        return self._kept[::-1]

    @property
    def opened(self) -> list[Issue]:
        """Those that are open."""
        return [one for one in self._kept if one.is_open]

    def chosen(self, state: str, labels: list[str]) -> list[Issue]:
        """Those in a state that have all of these labels, the newest first.

        Raises:
            Refused: issues are switched off.
        """
        self._check()
        wanted = {label.casefold() for label in labels}
        found = [one for one in self.all() if wanted <= {label.casefold() for label in one.labels}]
        return [one for one in found if state in {"all", "open" if one.is_open else "closed"}]

    def get(self, number: str) -> Issue:
        """One of them.

        Raises:
            Refused: there is none.
        """
        self._check()
        found = [one for one in self._kept if str(one.number) == number]
        if not found:
            raise Refused(404, "Not Found")
        return found[0]

    def open(self, title: object, body: object, labels: list[str], now: int, author: Author = STRANGER) -> Issue:
        """Open one. A label that is not there yet is made.

        Raises:
            Refused: its text breaks a rule, or issues are switched off.
        """
        self._check()
        if not isinstance(title, str) or not title.strip():
            raise Refused(422)
        for label in labels:
            if not self.has_label(label):
                self.add_label(label)
        self._kept.append(Issue(len(self._kept) + 1, title, self._text(body), labels, author, now, now))
        return self._kept[-1]

    def has_label(self, name: str) -> bool:
        """Whether the repository has a label."""
        return name.casefold() in {label.casefold() for label in self.labels}

    def add_label(self, name: object) -> None:
        """Make a label.

        Raises:
            Refused: it exists, or its name breaks a rule.
        """
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_LABEL or self.has_label(name):
            raise Refused(422)
        self.labels.append(name)

    def comment(self, issue: Issue, body: object, now: int) -> None:
        """Comment on one.

        Raises:
            Refused: the text breaks a rule.
        """
        text = self._text(body)
        if not text.strip():
            raise Refused(422)
        issue.comments.append(text)
        issue.updated_at = now

    def change(self, issue: Issue, body: object, state: object, now: int) -> None:
        """Change its text or its state, where they are given.

        Raises:
            Refused: one of them breaks a rule.
        """
        if state not in {None, "open", "closed"}:
            raise Refused(422)
        issue.body = issue.body if body is None else self._text(body)
        issue.is_open = issue.is_open if state is None else state == "open"
        issue.updated_at = now
        issue.edits += 1

    def _check(self) -> None:
        if not self.enabled:
            raise Refused(410, "Issues are disabled for this repo")

    @staticmethod
    def _text(body: object) -> str:
        if not isinstance(body, str) or len(body) > LONGEST_BODY:
            raise Refused(422)
        return body
