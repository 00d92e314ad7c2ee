"""Issues of a repository, their comments and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from githubsim.issues import AUTHORS
from githubsim.render import iso
from githubsim.wire import Refused, reply

if TYPE_CHECKING:
    from githubsim.answers.call import Call
    from githubsim.issues import Issue
    from githubsim.wire import SimResponse


def every(call: Call, repo: str) -> SimResponse:
    """Those that were asked for, a page at a time."""
    query = call.request.query
    labels = [label for label in query.get("labels", "").split(",") if label]
    found = call.sim.issues(repo).chosen(query.get("state", "open"), labels)
    chosen, headers = call.numbered_page(found)
    return reply(200, [_issue(call, repo, one) for one in chosen], **headers)


def create(call: Call, repo: str) -> SimResponse:
    """A new issue."""
    body = call.json()
    labels = body.get("labels", [])
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise Refused(422)
    made = call.sim.issues(repo).open(
        body.get("title"), body.get("body", ""), labels, call.now, AUTHORS[call.token.kind]
    )
    return reply(201, _issue(call, repo, made))


def update(call: Call, repo: str, number: str) -> SimResponse:
    """Another text, or another state."""
    issues, body = call.sim.issues(repo), call.json()
    issue = issues.get(number)
    issues.change(issue, body.get("body"), body.get("state"), call.now)
    return reply(200, _issue(call, repo, issue))


def comment(call: Call, repo: str, number: str) -> SimResponse:
    """A new comment."""
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
    """A new label."""
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
