"""One webhook: where it points, its log, and the events that come its way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from githubsim.log import DeliveryLog, Row
from githubsim.outcomes import OK, Kind, Outcome
from githubsim.render import altered, iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from githubsim.attempts import Desk
    from githubsim.endpoint import Endpoint

TargetType = Literal["organization", "repository", "integration"]
TARGET_IDS: dict[TargetType, int] = {
    "organization": 6_811_672,
    "repository": 1_296_269,
    "integration": 91_011,
}


@dataclass(slots=True)
class Hook:
    """A webhook of an organization (``octo``), a repository (``octo/hello``) or an App (its id as text)."""

    id: int
    target_type: TargetType
    target: str
    url: str
    secret: str
    desk: Desk = field(repr=False)
    created_at: int
    events: list[str] = field(default_factory=lambda: ["*"])
    active: bool = True
    oauth_app: str = ""
    """Of an organization: the client id of the OAuth app that made it; empty: a person or a GitHub App did."""
    endpoint: Endpoint | None = None
    log: DeliveryLog = field(default_factory=DeliveryLog, repr=False)
    payloads: dict[str, bytes] = field(default_factory=dict, repr=False)
    pages_read: int = 0
    whole_seconds: bool = False
    """Whether its log's rows were last written down so."""
    odd: dict[str, object] = field(default_factory=dict)
    """Fields of it that GitHub writes as it should not; LEFT_OUT: they are not there."""

    @property
    def path(self) -> str:
        """Below the API's root; the App's hook has no id there."""
        match self.target_type:
            case "organization":
                return f"/orgs/{self.target}/hooks/{self.id}"
            case "repository":
                return f"/repos/{self.target}/hooks/{self.id}"
            case _:
                return "/app/hook"

    def emit(
        self, kind: Kind | None = None, *, guid: str | None = None, payload: bytes | None = None, at: int | None = None
    ) -> str:
        """Something happens, now or at that moment: it is sent to the endpoint. Returns the event's guid."""
        return self.desk.emit(self, kind or Kind(), guid, payload, at)

    def add(self, at: int, outcome: Outcome = OK, **columns: Any) -> Row:  # noqa: ANN401 - as ``row`` takes them
        """Write one row of the past into the log; no endpoint is asked."""
        row = self.row(at, outcome, **columns)
        self.log.add(row)
        return row

    def row(
        self,
        at: int,
        outcome: Outcome = OK,
        *,
        guid: str | None = None,
        redelivery: bool = False,
        kind: Kind | None = None,
        visible_at: int | None = None,
        delivered_at: int | None = None,
    ) -> Row:
        """Make a row without writing it down. Its id belongs to the moment ``at``, as its times do unless given."""
        return Row(
            self.desk.new_id(at),
            guid or self.desk.new_guid(),
            at if delivered_at is None else delivered_at,
            at if visible_at is None else visible_at,
            redelivery,
            outcome,
            kind or _PUSH,
        )

    def load(self, rows: Iterable[Row]) -> None:
        """Write many rows into the log at once (``row`` and ``githubsim.seeds`` make them)."""
        self.log.extend(rows)

    def json(self, base: str) -> dict[str, Any]:
        """The hook as GitHub describes it; the secret is never told."""
        url = base + self.path
        described: dict[str, Any] = {
            "type": "Organization" if self.target_type == "organization" else "Repository",
            "id": self.id,
            "name": "web",
            "active": self.active,
            "events": self.events,
            "config": {"url": self.url, "content_type": "json", "insecure_ssl": "0", "secret": "********"},
            "updated_at": iso(self.created_at, whole_seconds=True),
            "created_at": iso(self.created_at, whole_seconds=True),
            "url": url,
            "ping_url": f"{url}/pings",
            "deliveries_url": f"{url}/deliveries",
        }
        if self.target_type == "repository":
            described["test_url"] = f"{url}/test"
            described["last_response"] = {"code": None, "status": "unused", "message": None}
        return altered(described, self.odd)


_PUSH = Kind()
