"""One version, wherever it is named, and a package and locks that fit it."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from docker.act import build_wheel
from redeliver import REPOSITORY, __version__
from release.changelog import code_version, sections

ROOT = Path(__file__).parents[2]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_newest_section_of_the_changelog_is_the_codes_version() -> None:
    assert sections(text("CHANGELOG.md"))[0].version == __version__ == code_version(text("src/redeliver/__init__.py"))


def test_only_the_newest_section_of_the_changelog_may_lack_a_date() -> None:
    found = sections(text("CHANGELOG.md"))
    assert len(found) == len(re.findall(r"^## ", text("CHANGELOG.md"), re.MULTILINE))
    assert all(section.text for section in found)
    assert all(section.is_released for section in found[1:])


def test_reusable_workflow_uses_the_moving_tag_on_main() -> None:
    used = re.findall(rf"uses: {REPOSITORY}[/\w-]*@(.+)", text(".github/workflows/redeliver.yml"))
    assert used == [f"v{__version__.partition('.')[0]}"] * 2


def test_package_holds_the_code_and_its_commands_alone(wheel: Path) -> None:
    name = tomllib.loads(text("pyproject.toml"))["project"]["name"]
    assert wheel.name == f"{name.replace('-', '_')}-{__version__}-py3-none-any.whl"
    package = ZipFile(wheel)
    names = {one for one in package.namelist() if ".dist-info/" not in one}
    sources = ROOT / "src"
    assert names == {file.relative_to(sources).as_posix() for file in sources.rglob("*.py")} | {"redeliver/py.typed"}
    (entry,) = [one for one in package.namelist() if one.endswith("entry_points.txt")]
    # The second one has the package's own name: uvx and pipx start a command that is named like the package.
    assert set(package.read(entry).decode().split("\n")) >= {
        "redeliver = redeliver.__main__:main",
        f"{name} = redeliver.__main__:main",
    }


def test_packages_page_leads_to_the_release_alone(wheel: Path) -> None:
    """It shows the README, whose own links lead to files beside it."""
    package = ZipFile(wheel)
    (metadata,) = [name for name in package.namelist() if name.endswith("METADATA")]
    head, _, page = package.read(metadata).decode().partition("\n\n")
    assert {line.partition(", ")[0] for line in head.split("\n") if line.startswith("Project-URL: ")} == {
        f"Project-URL: {name}" for name in ("Homepage", "Documentation", "Changelog", "Issues")
    }
    targets = re.findall(r"\]\(([^)]+)\)", page) + re.findall(r'(?:src|srcset)="([^"]+)"', page)
    assert [target for target in targets if not target.startswith(("https://", "#"))] == []
    release = f"{REPOSITORY}/blob/v{__version__}/docs/reference.md", f"{REPOSITORY}/v{__version__}/docs/summary.png"
    assert all(any(one in target for target in targets) for one in release)


def test_wheel_is_reproducible(wheel: Path, action: Path, tmp_path: Path) -> None:
    assert build_wheel(action, tmp_path).read_bytes() == wheel.read_bytes()


def test_package_needs_what_the_lock_names(wheel: Path) -> None:
    package = ZipFile(wheel)
    (metadata,) = [name for name in package.namelist() if name.endswith("METADATA")]
    wanted = re.findall(r"^Requires-Dist: ([\w-]+)(.*)", package.read(metadata).decode(), re.MULTILINE)
    needed = [name for name, when in wanted if "extra ==" not in when]
    locked = set(re.findall(r"^([\w-]+)(?:\[[^]]*\])?==", text("requirements/run.txt"), re.MULTILINE))
    assert {name.lower() for name in needed} <= locked
    # An action or an image that writes no metrics does not carry what writes them.
    extras = {name.lower() for name, when in wanted if "extra ==" in when}
    assert extras == {"prometheus-client"}
    assert not extras & locked


@pytest.mark.parametrize("lock", ["run.txt", "test.txt"])
def test_pin_names_the_extras_that_others_need(lock: str) -> None:
    """Where it does not, pip takes the newest release for ``name[extra]``, and then has no hash for it."""
    found = re.findall(r"^([\w.-]+)(?:\[([^]]*)\])?==", text(f"requirements/{lock}"), re.MULTILINE)
    pinned = {canonicalize_name(name): set(filter(None, extras.split(","))) for name, extras in found}
    asked = 0
    for name, extras in pinned.items():
        try:
            needs = requires(name) or []
        except PackageNotFoundError:  # one that is for another machine
            continue
        for wanted in map(Requirement, needs):
            applies = wanted.marker is None or any(wanted.marker.evaluate({"extra": one}) for one in {"", *extras})
            if applies and wanted.extras and canonicalize_name(wanted.name) in pinned:
                asked += 1
                assert wanted.extras <= pinned[canonicalize_name(wanted.name)], f"{name} asks for {wanted}"
    assert asked, "nobody asks for an extra: this test has nothing to look at"
