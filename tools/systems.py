"""Which systems the lock has wheels for. ``make systems`` asks the package index, with pip, whether that is still so.

A wheel's name says what it can be installed on. So it takes no machine of that kind to see whether pip would find one
there, but it takes one to see that the action works: the self-test has some of them.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

LOCK = Path(__file__).parents[1] / "requirements" / "run.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


@dataclass(frozen=True)
class System:
    """A system on which a runner can be.

    ``tags`` are the platform tags of the wheels that it takes, ``lacks`` the packages that have no wheel for it.
    ``image``: the published image can run there. ``tested``: the self-test uses the action there.
    """

    name: str
    tags: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    image: bool = False
    tested: bool = False


def _glibc(machine: str) -> tuple[str, ...]:
    """Of glibc 2.17, the oldest that wheels are built for."""
    return f"manylinux2014_{machine}", f"manylinux_2_17_{machine}"


def _any_glibc(machine: str) -> tuple[str, ...]:
    return (*_glibc(machine), *(f"manylinux_2_{minor}_{machine}" for minor in (26, 28, 31, 34, 39)))


def _musl(machine: str) -> tuple[str, ...]:
    return f"musllinux_1_1_{machine}", f"musllinux_1_2_{machine}"


SYSTEMS = (
    System("Linux, x64, glibc 2.17 or newer", _glibc("x86_64"), image=True, tested=True),
    System("Linux, Arm64, glibc 2.17 or newer", _glibc("aarch64"), image=True, tested=True),
    System("Alpine Linux, x64", _musl("x86_64"), image=True),
    System("Alpine Linux, Arm64", _musl("aarch64"), image=True),
    System("Linux, 32-bit Arm", _any_glibc("armv7l"), lacks=("cffi", "pynacl")),
    System("Linux, ppc64le", _any_glibc("ppc64le"), lacks=("pynacl",)),
    System("Linux, s390x", _any_glibc("s390x"), lacks=("cryptography", "pynacl")),
    System("Linux, RISC-V", _any_glibc("riscv64"), lacks=("cffi", "cryptography", "pynacl")),
    System("macOS 11 or newer, Apple silicon", ("macosx_11_0_arm64",), tested=True),
    System("macOS, Intel", ("macosx_15_0_x86_64",), lacks=("cryptography",)),
    System("Windows, x64", ("win_amd64",), tested=True),
    System("Windows, Arm64", ("win_arm64",), lacks=("cryptography",)),
)

#: Whether there is a wheel of a package for these tags and this version of Python. No tags: one for any system.
HasWheel = Callable[[str, tuple[str, ...], str], bool]


def table() -> Iterator[str]:
    """The systems as a table of a document."""
    yield from ("| system | the published image | with Python | checked by |", "| :-- | :-- | :-- | :-- |")
    for system in SYSTEMS:
        image = "yes" if system.image else "no"
        lacks = ", ".join(f"`{name}`" for name in system.lacks)
        python = f"no: no wheel of {lacks}" if lacks else "yes"
        checked = "running the action there" if system.tested else "looking for wheels"
        yield f"| {system.name} | {image} | {python} | {checked} |"


def packages(lock: str) -> dict[str, str]:
    """The requirements of a lock, each with its hashes, by the package's name."""
    return {match[1]: match[0] for match in re.finditer(r"^([a-z0-9-]+)\S*==(?:.+\\\n)*.*\n", lock, re.MULTILINE)}


def differences(names: list[str], has_wheel: HasWheel) -> Iterator[str]:
    """What is not as the table says."""
    with ThreadPoolExecutor(4) as pool:
        pure = pool.map(lambda name: has_wheel(name, (), PYTHONS[0]), names)
        of_systems = [name for name, for_any in zip(names, pure, strict=True) if not for_any]
        asked = list(product(SYSTEMS, PYTHONS, of_systems))
        answers = pool.map(lambda one: has_wheel(one[2], one[0].tags, one[1]), asked)
        for (system, python, name), there_is in zip(asked, answers, strict=True):
            if there_is and name in system.lacks:
                yield f"{system.name}: there is a wheel of {name} for Python {python}, but the table says no."
            if not there_is and name not in system.lacks:
                yield f"{system.name}: there is no wheel of {name} for Python {python}, but the table does not say so."


def _ask(requirements: dict[str, str]) -> HasWheel:
    """Asks pip, which heeds the lock's markers as on this machine: what they leave out here is taken to be there."""

    def has_wheel(name: str, tags: tuple[str, ...], python: str) -> bool:
        kind = ["--implementation=cp"] if tags else ["--implementation=py", "--abi=none"]
        with tempfile.TemporaryDirectory() as folder:
            lock = Path(folder) / "lock.txt"
            lock.write_text(requirements[name])
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
            command += ["--only-binary=:all:", f"--python-version={python}", *kind, f"--dest={folder}"]
            command += [f"--platform={tag}" for tag in tags or ("any",)]
            asked = subprocess.run([*command, f"--requirement={lock}"], check=False, capture_output=True, text=True)
        if asked.returncode and "No matching distribution found" not in asked.stderr:
            raise RuntimeError(asked.stderr)
        return asked.returncode == 0

    return has_wheel


def main() -> None:
    """Print what differs, and exit with 1 if something does."""
    requirements = packages(LOCK.read_text(encoding="utf-8"))
    found = list(differences(list(requirements), _ask(requirements)))
    print(*found or ["The index has the wheels that the table of systems says, and no others."], sep="\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
