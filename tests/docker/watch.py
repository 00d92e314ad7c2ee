"""What anybody on the machine can see of a container while it runs."""

from __future__ import annotations

import json
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self


@dataclass
class Seen:
    """One container: how it was started, as docker tells, and what the kernel says of its processes."""

    inspected: dict[str, Any]
    kernel: dict[str, str]


@dataclass
class Watch:
    """Looks again and again: at the containers that mount files of a folder, and at every command line there is."""

    folder: Path
    containers: dict[str, Seen] = field(default_factory=dict, repr=False)
    command_lines: set[str] = field(default_factory=set, repr=False)
    _environments: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)

    def __enter__(self) -> Self:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.05):
            self._look_at_processes()
            for container in running_containers(self.folder):
                if container not in self.containers and (seen := _see(container)) is not None:
                    self.containers[container] = seen

    def _look_at_processes(self) -> None:
        for process in Path("/proc").glob("[0-9]*"):
            try:
                line = _text(process / "cmdline").replace("\0", " ")
                if str(self.folder) in (environment := _text(process / "environ")):
                    pairs = [one.partition("=") for one in environment.split("\0") if one]
                    self._environments[line] = {name: value for name, _, value in pairs}
            except OSError:
                continue
            self.command_lines.add(line)

    def environments(self, command: str) -> list[dict[str, str]]:
        """Those of the processes that belong to the folder and whose whole command, after the program, is this one."""
        ended = [line for line in self._environments if line.rstrip().partition(" ")[2] == command]
        return [self._environments[line] for line in ended]

    @property
    def only_container(self) -> Seen:
        (container,) = self.containers.values()
        return container


def running_containers(folder: Path) -> list[str]:
    """The containers that mount a file of this folder and run now."""
    listed = _docker("ps", "--no-trunc", "--format", "{{.ID}} {{.Mounts}}")
    return [line.split()[0] for line in listed.splitlines() if str(folder) in line]


def _see(container: str) -> Seen | None:
    """A container, or nothing when it is not quite there yet, or no longer."""
    try:
        (inspected,) = json.loads(_docker("inspect", container))
        kernel = Path(f"/proc/{inspected['State']['Pid']}/status").read_text()
    except (subprocess.CalledProcessError, OSError, ValueError):
        return None
    return Seen(inspected, dict(line.split(":\t", 1) for line in kernel.splitlines() if ":\t" in line))


def _text(file: Path) -> str:
    return file.read_bytes().decode(errors="replace")


def _docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout
