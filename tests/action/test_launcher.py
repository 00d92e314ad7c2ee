"""The launcher hands the container what it needs and nothing else."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from action.step import ERROR, IMAGE, OTHER_TOKEN, PULLING, ROOT, TOKEN, Runner

REPLAY: dict[str, Any] = yaml.safe_load((ROOT / "replay/action.yml").read_text())


def test_container_is_locked_down(usual: Runner) -> None:
    container = usual.container
    assert "--init" in container.argv
    assert container.argv[:5] == ["run", "--rm", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
    assert container.values_of("--ipc") == ["none"]  # no /dev/shm, which would be writable
    assert container.values_of("--security-opt") == ["no-new-privileges"]
    assert container.values_of("--user") == ["1001:1001"]
    # A log driver would keep what it says: the command that masks the token, too.
    assert container.values_of("--log-driver") == ["none"]
    assert container.argv[-1] == IMAGE
    assert not {"--privileged", "-v", "--volume", "--device", "--pid", "--ipc"} & set(container.argv)


@pytest.mark.parametrize("name", ["plain", 'a,readonly "quote"', '","', "a\\b$c'd: b=c", "Größe\ntwo lines"])
def test_only_the_files_for_results_are_mounted(runner: Runner, name: str) -> None:
    folder = runner.folder / name
    folder.mkdir()
    runner.output, runner.summary = (file.rename(folder / file.name) for file in (runner.output, runner.summary))
    assert runner.step(image=IMAGE).returncode == 0
    places = {"GITHUB_OUTPUT": runner.output, "GITHUB_STEP_SUMMARY": runner.summary}
    assert runner.container.mounts == [
        {"type": "bind", "source": str(file), "target": f"/redeliver/{name}"} for name, file in places.items()
    ]
    assert {f"{name}=/redeliver/{name}" for name in places} <= set(runner.container.values_of("--env"))


def test_container_gets_these_variables_of_the_runner_alone(usual: Runner) -> None:
    names = [word.partition("=")[0] for word in usual.container.values_of("--env")]
    assert len(names) == len(set(names))
    assert {name for name in names if not name.startswith("INPUT_")} == {
        *("GITHUB_ACTIONS", "GITHUB_API_URL", "GITHUB_OUTPUT", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"),
        *("GITHUB_SERVER_URL", "GITHUB_STEP_SUMMARY", "GITHUB_WORKFLOW", "RUNNER_DEBUG"),
        "REPOSITORY_VISIBILITY",
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
        *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
        *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
    }
    assert not {"-e", "--env-file"} & set(usual.container.argv)


def test_values_are_never_on_a_command_line(usual: Runner) -> None:
    environment = usual.container.environment
    assert environment["INPUT_HOOK-ID"] == "7"
    assert environment["INPUT_TOKEN"] == TOKEN
    assert environment["INPUT_VARIABLE-TOKEN"] == OTHER_TOKEN
    assert environment["INPUT_VARIABLE-REPOSITORY"] == "octo-org/automation"
    words = [word for call in usual.calls for word in call.argv]
    assert not [word for word in words if TOKEN in word or OTHER_TOKEN in word]
    given = [word for word in usual.container.values_of("--env") if "=" in word]
    assert given == [f"{name}=/redeliver/{name}" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")]


def test_root_runner_gets_a_container_without_root(runner: Runner) -> None:
    runner.user = "0"
    runner.step(image=IMAGE)
    assert runner.container.values_of("--user") == ["65532:65532"]
    assert (runner.bin / "chowned").read_text() == f"-h 65532:65532 {runner.output} {runner.summary}\n"


def test_result_files_that_cannot_change_owner_end_the_step(runner: Runner) -> None:
    runner.user, runner.chown = "0", 1
    result = runner.step(image=IMAGE)
    assert result.returncode == 1
    assert f"{ERROR}The files for results could not be given to the container's user" in result.stdout
    assert not runner.called("run")


@pytest.mark.parametrize("code", [1, 130])
def test_exit_code_is_the_containers(runner: Runner, code: int) -> None:
    runner.run = code
    result = runner.step(image=IMAGE)
    assert (result.returncode, result.stdout) == (code, f"{PULLING}what the container said\n")


# -- networks, and a CA of the company's own --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "url", "network"),
    [
        ("", "http://127.9.8.7/api/v3", ["host"]),
        ("", "http://[::1]:8080", ["host"]),
        ("", "https://localhost", ["host"]),
        ("GITHUB_API_URL", "http://localhost:3000", ["host"]),
        ("https_proxy", "localhost:3128", ["host"]),
        ("HTTP_PROXY", "http://me:secret@localhost:3128/", ["host"]),
        ("ALL_PROXY", "http://127.0.0.1:3128", ["host"]),
        ("", "https://github.example.com/api/v3", []),
        ("", "https://localhost.example.com", []),
        ("", "https://127.0.0.1.example.com", []),
        ("", "https://127.0.0.1:80@example.com", []),
        ("", "https://example.com/http://127.0.0.1", []),
        ("HTTPS_PROXY", "http://localhost@proxy.example.com", []),
        ("HTTPS_PROXY", "127.0.0.1.de", []),
    ],
)
def test_container_uses_the_hosts_network_for_what_is_on_loopback_alone(
    runner: Runner, variable: str, url: str, network: list[str]
) -> None:
    if variable:
        runner.environment[variable] = url
    runner.step(image=IMAGE, **({} if variable.endswith("PROXY") else {"api_url": "" if variable else url}))
    assert runner.container.values_of("--network") == network
    assert network or not [word for word in runner.container.argv if word.startswith("--net")]


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_container_sees_a_readable_copy_of_the_ca(runner: Runner, name: str) -> None:
    ca = runner.folder / "company, ca.pem"
    ca.write_text("certificates")
    ca.chmod(0o600)
    # As Python does, the launcher finds a path from the workspace.
    runner.environment[name] = str(ca) if name == "SSL_CERT_FILE" else ca.name
    runner.step(image=IMAGE)
    *_, mount = runner.container.mounts
    assert mount | {"source": ""} == {"type": "bind", "source": "", "target": f"/redeliver/{name}", "readonly": ""}
    copy = Path(mount["source"])
    assert copy.read_text() == "certificates"
    assert copy.stat().st_mode & 0o777 == 0o644
    assert copy.parent == runner.output.parent  # where the engine was seen to see files, and which the runner empties
    assert f"{name}=/redeliver/{name}" in runner.container.values_of("--env")
    assert ca.stat().st_mode & 0o777 == 0o600
    assert runner.container.environment[name] == runner.environment[name]  # docker itself may need it


def test_container_sees_a_readable_copy_of_a_list_of_guids_as_old_as_the_list(runner: Runner) -> None:
    listed = runner.folder / "arrived, now.txt"
    listed.write_text("guids")
    listed.chmod(0o600)
    os.utime(listed, (1_000, 1_000))
    runner.action = REPLAY
    for path in (str(listed), listed.name):
        runner.step(image=IMAGE, except_guids_file=path)
        mount, *_ = runner.called("run")[-1].mounts
        place = "/redeliver/INPUT_EXCEPT-GUIDS-FILE"
        assert mount | {"source": ""} == {"type": "bind", "source": "", "target": place, "readonly": ""}
        copy = Path(mount["source"])
        assert (copy.read_text(), copy.stat().st_mtime, copy.stat().st_mode & 0o777) == ("guids", 1_000, 0o644)
        assert runner.called("run")[-1].values_of("--env")[0] == f"INPUT_EXCEPT-GUIDS-FILE={place}"


@pytest.mark.parametrize("path", ["/nowhere/arrived.txt", ".", "/dev/zero", "large.txt"])
def test_list_that_is_no_file_or_too_large_starts_nothing(runner: Runner, path: str) -> None:
    runner.action = REPLAY
    with (runner.folder / "large.txt").open("wb") as sparse:
        sparse.truncate(5 * 2**30)
    done = runner.step(image=IMAGE, except_guids_file=path)
    assert done.returncode == 2
    assert "::error title=Redeliver Action::except-guids-file: " in done.stdout
    assert not runner.called("run") + runner.called("pull")


def test_folder_of_certificates_is_mounted_as_it_is(runner: Runner) -> None:
    runner.environment["REQUESTS_CA_BUNDLE"] = str(runner.temp)
    runner.step(image=IMAGE)
    *_, mount = runner.container.mounts
    assert mount["source"] == str(runner.temp)
    assert "readonly" in mount


@pytest.mark.parametrize("path", ["/nowhere/ca.pem", "", "temp", "/dev/zero"])
def test_missing_ca_is_left_to_the_action_to_name(runner: Runner, path: str) -> None:
    runner.environment["SSL_CERT_FILE"] = path
    runner.step(image=IMAGE)
    assert len(runner.container.mounts) == 2
    assert "SSL_CERT_FILE" in runner.container.values_of("--env")
    assert runner.container.environment["SSL_CERT_FILE"] == path


# -- engines of other kinds -----------------------------------------------------------------------------------


def podman(*controllers: str, rootless: bool = False, selinux: bool = False, remote: bool = False) -> dict[str, Any]:
    """What podman's own command says of itself, in ``podman info``."""
    security = {"Rootless": rootless, "SELinuxEnabled": selinux}
    host = {"OS": "linux", "CgroupControllers": list(controllers), "Security": security, "ServiceIsRemote": remote}
    return {"Host": host}


#: What a container is asked for on an engine that can do everything, or else is changed by what it says of itself.
USUAL = {"--memory": ["1g"], "--memory-swap": ["1g"], "--pids-limit": ["64"], "--user": ["1001:1001"], "--userns": []}
USUAL |= {"--security-opt": ["no-new-privileges"]}
UNLIMITED: dict[str, list[str]] = {"--memory": [], "--memory-swap": [], "--pids-limit": []}
ROOTLESS, LABELED = {"--user": ["0:0"]}, {"--security-opt": ["no-new-privileges", "label=disable"]}


@pytest.mark.parametrize(
    ("engine", "changed", "init"),
    [
        ({}, {}, True),
        ({"limits": {"SwapLimit": False}}, {"--memory-swap": ["-1"]}, True),
        ({"limits": {"MemoryLimit": False, "SwapLimit": False}}, {"--memory": [], "--memory-swap": []}, True),
        ({"limits": {"PidsLimit": False}}, {"--pids-limit": []}, True),
        ({"security": "name=seccomp,profile=builtin name=rootless"}, ROOTLESS, True),
        ({"security": "name=rootless", "user": "0"}, ROOTLESS, True),
        ({"security": "name=userns"}, {"--userns": ["host"]}, True),
        ({"security": "name=seccomp,profile=default name=selinux"}, LABELED, True),
        ({"init": ""}, {}, False),
        ({"podman": podman("cpuset", "cpu", "io", "memory", "pids")}, {}, False),
        ({"podman": podman(rootless=True, selinux=True), "user": "0"}, UNLIMITED | ROOTLESS | LABELED, False),
    ],
    ids=[
        *("Docker", "no swap limit", "no memory limit", "no limit of processes", "rootless", "rootless, as root"),
        *("renames users", "labels files", "podman's engine", "podman", "rootless podman, as root"),
    ],
)
def test_container_is_given_what_its_engine_can_do(
    runner: Runner, engine: dict[str, Any], changed: dict[str, list[str]], *, init: bool
) -> None:
    for name, value in engine.items():
        setattr(runner, name, value)
    assert runner.step(image=IMAGE, runtime="docker").returncode == 0
    asked = USUAL | changed
    assert {option: runner.container.values_of(option) for option in asked} == asked
    assert ("--init" in runner.container.argv) is init
    assert "--cap-drop=ALL" in runner.container.argv
    assert not (runner.bin / "chowned").exists()


@pytest.mark.parametrize("command", ["podman", "docker"])
def test_podmans_engine_must_be_on_this_machine(runner: Runner, command: str) -> None:
    if command == "podman":
        runner.podman = podman("memory", "pids", remote=True)
    else:  # it looks for the image before the mounts, and so says nothing of the files
        runner.init, runner.host = "", "another"
    result = runner.step(image=IMAGE, runtime="docker")
    assert result.returncode == 1
    assert "but the Docker engine does not see this job's files, since it is on another machine" in result.stdout


# -- which image ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("image", ["", " python ", "localhost:5000/a/b_c.d-e", "[::1]:5000/a:v1@sha256:0123"])
def test_release_runs_its_published_image_or_the_named_one(runner: Runner, tmp_path: Path, image: str) -> None:
    # A release's launcher finds the digest of the published image beside it.
    runner.checkout = tmp_path / "release"
    (runner.checkout / "src").mkdir(parents=True)
    shutil.copy(ROOT / "src" / "launch.sh", runner.checkout / "src")
    (runner.checkout / "src" / "image.txt").write_text("ghcr.io/octo-org/redeliver@sha256:4567\n")
    runner.step(image=image)
    assert runner.container.argv[-1] == (image.strip() or "ghcr.io/octo-org/redeliver@sha256:4567")
    assert not runner.called("build")


def test_missing_image_is_pulled_before_the_run(usual: Runner, runner: Runner) -> None:
    assert [call.argv for call in usual.called("pull")] == [["pull", "--quiet", IMAGE]]
    runner.images = [IMAGE]
    assert runner.step(image=IMAGE).stdout == "what the container said\n"
    assert runner.called("pull") == []
    assert usual.container.values_of("--pull") == runner.container.values_of("--pull") == ["never"]


def test_engine_is_asked_about_the_file_to_mount(usual: Runner) -> None:
    (asked,) = usual.called("create")
    assert asked.mounts == [{"type": "bind", "source": str(usual.output), "target": "/probe"}]
    assert asked.values_of("--pull") == ["never"]


@pytest.mark.parametrize(("what", "done"), [("pull", "pulled"), ("build", "built")])
def test_unavailable_image_fails_the_step(runner: Runner, what: str, done: str) -> None:
    setattr(runner, what, 1)
    result = runner.step(image=IMAGE if what == "pull" else "")
    assert result.returncode == 1
    said = f"| what docker said\n{ERROR}The action's image could not be {done}; the lines above say why.\n"
    assert result.stdout.endswith(said)
    assert not runner.called("run")


@pytest.mark.parametrize("image", ["--privileged", "-v=/:/host", "a b", "a%0A::x::", "$(id)"])
def test_invalid_image_name_is_refused(runner: Runner, image: str) -> None:
    result = runner.step(image=image)
    assert result.returncode == 2
    shown = re.sub(r"[^A-Za-z0-9._:/@-]", "?", image)
    assert result.stdout == f"{ERROR}image: must be the name of a container image, not '{shown}'\n"
    assert not runner.called("run")


def test_checkout_builds_its_own_image_once(runner: Runner) -> None:
    assert "what docker said" not in runner.step().stdout
    (build,) = runner.called("build")
    runner.images = [tag] = build.values_of("--tag")
    assert build.argv[-1] == str(ROOT)
    assert "--build-arg" not in build.argv
    assert runner.container.argv[-1] == tag
    assert runner.container.values_of("--pull") == ["never"]
    assert runner.step().stdout == "what the container said\n"
    assert (len(runner.called("build")), len(runner.called("run"))) == (1, 2)


def test_other_content_or_base_gets_its_own_image(runner: Runner, tmp_path: Path) -> None:
    runner.checkout = tmp_path / "checkout"
    for name in ("Dockerfile", ".dockerignore", "requirements", "src"):
        source = ROOT / name
        target = runner.checkout / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    runner.step()
    with (runner.checkout / "src" / "redeliver" / "__init__.py").open("a") as module:
        module.write("# changed\n")
    runner.step()
    runner.environment |= {"REDELIVER_BUILD_IMAGE": "local/python", "REDELIVER_RUNTIME_IMAGE": "local/distroless"}
    runner.environment["REDELIVER_BUILD_NETWORK"] = "host"
    runner.step()
    *_, build = builds = runner.called("build")
    assert len({tag for one in builds for tag in one.values_of("--tag")}) == 3
    assert build.values_of("--build-arg") == ["BUILD_IMAGE=local/python", "RUNTIME_IMAGE=local/distroless"]
    assert build.values_of("--network") == ["host"]
    assert not runner.called("run")[-1].values_of("--network")
