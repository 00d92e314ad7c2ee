"""Issues of a repository, and labels, which are kept as they were written: to GitHub, case makes no difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from githubsim.call import Call
from githubsim.render import iso
from githubsim.tokens import TokenKind
from githubsim.wire import Refused, SimResponse, reply

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
    "oauth-app": Author("octocat", association="OWNER"),
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
        self.enabled = True
        self.labels: list[str] = []
        self._kept: list[Issue] = []

    def all(self) -> list[Issue]:
        return self._kept[::-1]

    @property
    def opened(self) -> list[Issue]:
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
        for one in self._kept:
            if str(one.number) == number:
                return one
        raise Refused(404, "Not Found")

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


def every(call: Call, repo: str) -> SimResponse:
    """Those that were asked for, a page at a time."""
    query = call.request.query
    labels = [label for label in query.get("labels", "").split(",") if label]
    found = call.sim.issues(repo).chosen(query.get("state", "open"), labels)
    chosen, headers = call.numbered_page(found)
    return reply(200, [_issue(call, repo, one) for one in chosen], **headers)


def create(call: Call, repo: str) -> SimResponse:
    body = call.json()
    labels = body.get("labels", [])
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise Refused(422)
    made = call.sim.issues(repo).open(
        body.get("title"), body.get("body", ""), labels, call.now, AUTHORS[call.token.kind]
    )
    return reply(201, _issue(call, repo, made))


def update(call: Call, repo: str, number: str) -> SimResponse:
    issues, body = call.sim.issues(repo), call.json()
    issue = issues.get(number)
    issues.change(issue, body.get("body"), body.get("state"), call.now)
    return reply(200, _issue(call, repo, issue))


def comment(call: Call, repo: str, number: str) -> SimResponse:
    issues, text, author = call.sim.issues(repo), call.json().get("body"), AUTHORS[call.token.kind]
    issue, now = issues.get(number), iso(call.now, whole_seconds=True)
    issues.comment(issue, text, call.now)
    place = f"{call.sim.base_url}/repos/{repo}/issues"
    said = {
        "id": issue.number * 1_000 + len(issue.comments),
        "node_id": "IC_1",
        "url": f"{place}/comments/1",
        "html_url": f"{place}/{number}#issuecomment-1",
        "issue_url": f"{place}/{number}",
        "user": call.account(author.login, 1, author.type),
        "body": text,
        "created_at": now,
        "updated_at": now,
        "author_association": author.association,
    }
    return reply(201, said)


def create_label(call: Call, repo: str) -> SimResponse:
    body = call.json()
    call.sim.issues(repo).add_label(body.get("name"))
    return reply(201, _label(call, repo, body["name"], body.get("color", "ededed"), body.get("description")))


def _issue(call: Call, repo: str, issue: Issue) -> dict[str, Any]:
    url = f"{call.sim.base_url}{call.sim.root}/repos/{repo}/issues/{issue.number}"
    told = {
        "id": 2_000_000_000 + issue.number,
        "node_id": "I_1",
        "url": url,
        "repository_url": f"{call.sim.base_url}{call.sim.root}/repos/{repo}",
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": url,
        "number": issue.number,
        "state": "open" if issue.is_open else "closed",
        "title": issue.title,
        "body": issue.body,
        "user": call.account(issue.author.login, 1, issue.author.type),
        "labels": [_label(call, repo, name, "ededed", None) for name in issue.labels],
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "locked": False,
        "comments": len(issue.comments),
        "created_at": iso(issue.created_at, whole_seconds=True),
        "updated_at": iso(issue.updated_at, whole_seconds=True),
        "closed_at": None if issue.is_open else iso(issue.updated_at, whole_seconds=True),
        "author_association": issue.author.association,
    }
    pull = dict.fromkeys(("diff_url", "html_url", "patch_url", "url"), url)
    return told | ({"pull_request": pull} if issue.is_pull_request else {})


def _label(call: Call, repo: str, name: str, color: str, description: str | None) -> dict[str, Any]:
    url = f"{call.sim.base_url}/repos/{repo}/labels/label"
    return {
        "id": 1,
        "node_id": "LA_1",
        "url": url,
        "name": name,
        "color": color,
        "description": description,
        "default": False,
    }
