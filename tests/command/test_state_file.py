"""The checkpoint in a file: one for each webhook, kept by one run at a time, and never overwritten when unreadable."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from command.program import Commands, Said, Server, server, start_unprivileged
from githubsim.faults import Call, Fault
from githubsim.outcomes import UNAVAILABLE
from redeliver.errors import (
    CheckpointInFuture,
    CheckpointNotSaved,
    RedeliverError,
    StateLocked,
    StateLockedTooLong,
    StateLockLost,
    StateUnreadable,
    StateUnsafe,
    StateUnusable,
)
from redeliver.output import metrics
from redeliver.run.state_file import StateFile
from samples import plain_id
from wording import told


def refused(here: Server, said: Said, kind: type[RedeliverError], *facts: str) -> None:
    """A run that ends before it asks for anything, with an error of that kind that names these facts."""
    assert said.code == kind.exit_code
    *_, error, _ = said.err.splitlines()
    assert error.startswith("error: ")
    shown = " ".join(told(kind, error).values())
    assert all(fact in shown for fact in facts)
    assert here.live.sent == []


# -- what is kept -----------------------------------------------------------------------------------------------


def test_webhook_keeps_its_checkpoint_where_more_repositories_are_chosen(tmp_path: Path, forks: Commands) -> None:
    with server(tmp_path, forks, "repository", "fine-grained") as here:
        second = here.live.sim.repo_hook("octo/second")
        before = here.live.sim.clock() - 60_000
        here.state.write_text(json.dumps({here.key(here.hook): before}))
        report = here.run("--format", "json", "--repository", "octo/s*", hook_id="all", code=0).json
        assert report["hooks"][0]["cutoff"] < before
        keys = [here.key(here.hook), here.key(second)]
        assert here.kept == dict(zip(keys, [hook["start"] for hook in report["hooks"]], strict=True))


def test_each_webhook_has_its_checkpoint_and_others_in_the_file_stay(here: Server) -> None:
    second = here.live.sim.org_hook("octo")
    here.state.write_text('{"api.github.com/orgs/else/hooks/7": 5}')
    report = here.run("--format", "json", hook_id="all", code=0).json
    starts = [hook["start"] for hook in report["hooks"]]
    assert here.kept == {
        "api.github.com/orgs/else/hooks/7": 5,
        here.key(here.hook): starts[0],
        here.key(second): starts[1],
    }


def test_next_run_starts_from_the_checkpoint(here: Server) -> None:
    first = here.run("--format", "json", code=0).json["hooks"][0]
    here.live.fail(minutes_ago=60)
    recent = here.live.fail(minutes_ago=1)
    second = here.run("--format", "json", code=0).json["hooks"][0]
    assert second["cutoff"] == first["checkpoint"] // 1_000 * 1_000 - 600_000
    assert here.live.sent == [recent]


def test_state_file_may_be_in_the_working_directory(here: Server) -> None:
    here.state = Path("state.json")
    here.run(code=0, folder=str(here.folder))
    assert (here.folder / "state.json").exists()


# -- what cannot be read ----------------------------------------------------------------------------------------

WHOLE = b'{"api.github.com/orgs/octo/hooks/1": 1794000000000}'


@pytest.mark.parametrize(
    "content",
    [b"", WHOLE[:20], WHOLE[:-1], WHOLE * 2, b"[1]", b"null", b"\xff\xfe", b'{"a": "1"}', b'{"a": 1.5}']
    + [b'{"a": %d}' % number for number in (-1, -62_135_596_800_001, 10**15, 10**30, int("9" * 4_000))],
    ids=lambda content: plain_id(content[-25:]),
)
def test_invalid_state_file_is_neither_read_nor_overwritten(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(content)
    store = StateFile(path, "api.github.com").store("/orgs/octo/hooks/1")
    with pytest.raises(StateUnreadable, match="JSON"):
        store.read()
    with pytest.raises(CheckpointNotSaved, match="JSON") as unsaved:
        store.write(5)
    assert told(CheckpointNotSaved, str(unsaved.value))["place"] == f"{path} (api.github.com/orgs/octo/hooks/1)"
    assert path.read_bytes() == content


def test_state_file_torn_in_mid_run_is_reported_and_not_overwritten(here: Server) -> None:
    second = here.live.sim.org_hook("octo")
    for hook in (here.hook, second):
        hook.add(here.live.sim.clock() - 300_000, UNAVAILABLE)
    here.live.sim.faults.add(Fault(Call(lambda: os.truncate(here.state, 1)), path="*/attempts"))
    said = here.run("--format", "json", hook_id=f"{here.hook.id},{second.id}", code=1)
    first, other = sorted(said.json["hooks"], key=lambda hook: not hook["read"])
    assert (first["redelivered"], first["failed"]) == (1, 1)
    assert told(CheckpointNotSaved, first["errors"][0])["place"].startswith(str(here.state))
    assert not other["read"]
    assert told(StateUnreadable, other["errors"][0])["path"] == str(here.state)
    assert here.state.read_bytes() == b"{"


def test_impossible_checkpoint_stops_the_run_and_is_left(here: Server) -> None:
    here.live.fail()
    here.run("--dry-run", code=0)
    name = here.key(here.hook)
    here.state.write_text(json.dumps({name: 9_999_999_999_999}))
    refused(here, here.run(), CheckpointInFuture, str(here.state), name, "9999999999999")
    assert here.kept == {name: 9_999_999_999_999}
    here.state.write_bytes(WHOLE[:20])
    refused(here, said := here.run(), StateUnreadable, str(here.state))
    assert StateUnreadable.advice in said.err
    assert here.state.read_bytes() == WHOLE[:20]


# -- where it, or the metrics, cannot be kept ---------------------------------------------------------------------


def is_refused(here: Server, said: Said, path: Path, why: str) -> None:
    """Before anything is asked, whatever the file is for."""
    *_, error, _ = said.err.splitlines()
    assert (said.code, said.out) == (2, "")
    assert error.startswith("error: ")
    assert str(path) in error
    assert why in error
    assert here.live.sim.journal.entries == []


def flags(here: Server, name: str) -> list[str]:
    """Of a run whose metrics are kept, or whose checkpoint is, in the file of this name."""
    if name.endswith(".prom"):
        return [*here.flags(), "--metrics-file", str(here.folder / name)]
    here.state = here.folder / name.removesuffix(".lock")
    return here.flags()


@pytest.mark.parametrize("kind", ["state.json", "redeliver.prom"])
@pytest.mark.parametrize(
    ("below", "why"), [("missing", "No such file or directory"), ("token.txt", "Not a directory"), ("closed", "denied")]
)
def test_folder_that_cannot_be_used_is_named_before_anything_is_asked(
    here: Server, below: str, why: str, kind: str
) -> None:
    here.live.fail()
    closed = here.folder / "closed"
    closed.mkdir()
    (closed / "state.json.lock").touch()
    closed.chmod(0o555)
    path = here.folder / below / kind
    is_refused(here, start_unprivileged("run", *flags(here, f"{below}/{kind}")), path, why)
    closed.chmod(0o755)


def test_state_file_that_is_a_folder_is_refused(here: Server) -> None:
    said = here.commands.run("run", *here.flags(state=False), "--state-file", ".", code=2)
    assert said.err.startswith("error: state-file: ")


# -- what other users of the machine could do -------------------------------------------------------------------


def lock_of(here: Server) -> Path:
    return here.state.with_name("state.json.lock")


def link(path: Path) -> None:
    path.with_name("target").write_text("{}" if path.suffix == ".json" else metrics.BEGINNING)
    path.symlink_to(path.with_name("target"))


def writable(path: Path) -> None:
    path.write_text("{}")
    path.chmod(0o646)


@pytest.mark.parametrize(
    ("name", "put", "why"),
    [
        *((name, link, "symbolic link") for name in ("state.json", "state.json.lock", "redeliver.prom")),
        *((name, os.mkfifo, "not a regular file") for name in ("state.json", "state.json.lock", "redeliver.prom")),
        *((name, writable, "may write to it") for name in ("state.json", "state.json.lock")),
        ("state.json", lambda path: path.symlink_to("/dev/zero"), "symbolic link"),
        ("redeliver.prom", Path.mkdir, "Is a directory"),
        ("redeliver.prom", lambda path: path.write_text("# HELP x\n"), "something else than metrics of this program"),
    ],
    ids=range(11),
)
def test_file_that_others_could_have_made_is_neither_used_nor_changed(
    here: Server, name: str, put: Callable[[Path], None], why: str
) -> None:
    here.live.fail()
    path = here.folder / name
    put(path)
    before = path.lstat()
    is_refused(here, here.commands.run("run", *flags(here, name)), path, why)
    assert os.path.samestat(path.lstat(), before)
    assert path.lstat().st_mtime_ns == before.st_mtime_ns


def test_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = StateFile(tmp_path / "state.json", "any")
    state.store("").write(1)
    real = os.fstat

    def of_another(descriptor: int) -> os.stat_result:
        return os.stat_result(
            [4_242 if place == stat.ST_UID else value for place, value in enumerate(real(descriptor))]
        )

    monkeypatch.setattr(os, "fstat", of_another)
    with pytest.raises(StateUnsafe, match=r"state\.json .*4242"):
        state.read()
    with (
        pytest.raises(StateUnsafe, match=r"state\.json\.lock .*4242"),
        state.locked(60),
    ):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file for another user")
def test_lock_made_by_root_belongs_to_the_folders_owner(here: Server) -> None:
    os.chown(here.folder, 4_242, 4_242)
    here.run(code=0)
    lock = lock_of(here).stat()
    assert (lock.st_uid, lock.st_gid, stat.S_IMODE(lock.st_mode)) == (4_242, 4_242, 0o600)


# -- one run at a time ------------------------------------------------------------------------------------------


def test_second_run_leaves_while_the_first_holds_the_lock(here: Server) -> None:
    here.live.fail()
    state = StateFile(here.state, "any")
    with state.locked(1_800):
        said = here.run(code=0)
    assert said.err == f"{StateLocked(path=f'{here.state}.lock')}\n"
    assert (said.out, here.live.sent, here.live.sim.journal.entries) == ("", [], [])
    held = []

    def second_run() -> None:
        with pytest.raises(StateLocked), state.locked(60):
            pass
        held.append(True)

    here.live.sim.faults.add(Fault(Call(second_run), path="*/attempts"))
    here.run(code=0)
    assert (len(here.live.sent), held) == (1, [True])


def test_run_whose_lock_is_removed_sends_nothing_more(
    here: Server,
) -> None:
    guids = [here.live.fail(minutes_ago=minutes) for minutes in (50, 40, 30, 20)]
    with ExitStack() as second_run:

        def begin_second_run() -> None:
            lock_of(here).unlink()
            second_run.enter_context(StateFile(here.state, "any").locked(60))
            here.state.write_text('{"any": 5}')

        here.live.sim.faults.add(Fault(Call(begin_second_run), path="*/attempts"))
        first = here.run("--format", "json", code=1)
        (error,) = first.json["hooks"][0]["errors"]
        assert told(StateLockLost, error) == {"place": str(here.state), "why": "state.json.lock was replaced"}
        assert here.live.sent == guids[:1]  # which was on its way
        assert here.kept == {"any": 5}
    here.run(code=0)
    assert here.live.sent == guids


def test_lock_removed_while_it_is_taken_is_taken_anew(here: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fcntl.flock

    def flock(descriptor: int, how: int) -> None:
        real(descriptor, how)
        lock_of(here).unlink()
        monkeypatch.setattr(fcntl, "flock", real)

    monkeypatch.setattr(fcntl, "flock", flock)
    one, another = StateFile(here.state, "any"), StateFile(here.state, "any")
    with one.locked(60), pytest.raises(StateLocked), another.locked(60):
        pass


class Moments:
    """Time that passes when somebody waits, or when it is told to."""

    def __init__(self) -> None:
        self.now = 1_794_000_000.0
        self.waited: list[float] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds
        self.meanwhile()

    def state(self, folder: Path) -> StateFile:
        return StateFile(folder / "state.json", "any", now=lambda: self.now, sleep=self.sleep)


@pytest.fixture
def moments() -> Moments:
    return Moments()


def test_lock_holds_until_the_time_limit_and_the_last_calls_are_over(tmp_path: Path, moments: Moments) -> None:
    with moments.state(tmp_path).locked(1_800):
        moments.now += 2_100
        with pytest.raises(StateLocked), moments.state(tmp_path).locked(60):
            pass
        moments.now += 1
        with pytest.raises(StateLockedTooLong), moments.state(tmp_path).locked(60):
            pass
    assert moments.waited == [1.0, 1.0]
    with moments.state(tmp_path).locked(60):
        pass


def test_new_holder_of_a_lock_has_time_to_write_its_limit(tmp_path: Path, moments: Moments) -> None:
    state = moments.state(tmp_path)
    with state.locked(60):
        pass
    lock = tmp_path / "state.json.lock"
    moments.now += 9_999
    with lock.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        moments.meanwhile = lambda: os.utime(lock, (moments.now + 60, moments.now + 60))
        with pytest.raises(StateLocked), state.locked(60):
            pass
    with closing(lock.open("rb")) as other:
        moments.now += 9_999
        fcntl.flock(other, fcntl.LOCK_EX)
        moments.meanwhile = other.close
        with state.locked(60):
            pass


def test_file_system_without_locks_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(_descriptor: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(StateUnusable, match="No locks available"), StateFile(tmp_path / "s", "any").locked(60):
        pass
