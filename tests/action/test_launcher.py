"""The launcher hands the container what it needs and nothing else."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from action.step import ROOT, Runner

ERROR = "::error title=Redeliver Action::"
PULLING = "Pulling the action's image ...\n"
IMAGE = "ghcr.io/octo-org/mirror@sha256:0123"
TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
OTHER_TOKEN = "ghp_ABCDEFGHIJ0123456789abcdefghij012345"


def test_the_container_is_locked_down(runner: Runner) -> None:
    runner.step(image=IMAGE)
    argv = runner.container.argv
    assert "--init" in argv
    assert argv[:5] == ["run", "--rm", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
    assert runner.container.values_of("--ipc") == ["none"]  # no /dev/shm, which would be writable
    assert runner.container.values_of("--security-opt") == ["no-new-privileges"]
    assert runner.container.values_of("--user") == ["1001:1001"]
    assert argv[-1] == IMAGE
    assert not {"--privileged", "-v", "--volume", "--device", "--pid", "--ipc"} & set(argv)


def test_only_the_files_for_outputs_and_summary_are_mounted_and_the_container_has_places_of_its_own(
    runner: Runner,
) -> None:
    runner.step(image=IMAGE)
    places = {"GITHUB_OUTPUT": runner.output, "GITHUB_STEP_SUMMARY": runner.summary}
    assert runner.container.mounts == [
        {"type": "bind", "source": str(file), "target": f"/redeliver/{name}"} for name, file in places.items()
    ]
    assert {f"{name}=/redeliver/{name}" for name in places} <= set(runner.container.values_of("--env"))


@pytest.mark.parametrize("name", ["a,readonly", 'a "quote"', '","', "a: b=c", "a\\b$c'd", "Größe", "two\nlines"])
def test_a_folder_of_the_runners_may_have_any_name(runner: Runner, name: str) -> None:
    folder = runner.folder / name
    folder.mkdir()
    runner.output, runner.summary = (file.rename(folder / file.name) for file in (runner.output, runner.summary))
    assert runner.step(image=IMAGE).returncode == 0
    assert [mount["source"] for mount in runner.container.mounts] == [str(runner.output), str(runner.summary)]
    assert {tuple(mount) for mount in runner.container.mounts} == {("type", "source", "target")}


def test_the_container_is_given_these_variables_of_the_runner_and_no_others(runner: Runner) -> None:
    runner.environment |= {
        "ACTIONS_RUNTIME_TOKEN": "secret",
        "GITHUB_TOKEN": "secret",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    runner.step(image=IMAGE)
    names = [word.partition("=")[0] for word in runner.container.values_of("--env")]
    assert len(names) == len(set(names))
    assert {name for name in names if not name.startswith("INPUT_")} == {
        "GITHUB_ACTIONS",
        "GITHUB_API_URL",
        "GITHUB_OUTPUT",
        "GITHUB_REPOSITORY",
        "GITHUB_RUN_ID",
        "GITHUB_SERVER_URL",
        "GITHUB_STEP_SUMMARY",
        "GITHUB_WORKFLOW",
        "RUNNER_DEBUG",
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
        *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
        *("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"),
    }
    assert not {"-e", "--env-file"} & set(runner.container.argv)


def test_values_travel_in_the_environment_and_never_on_a_command_line(runner: Runner) -> None:
    runner.step(org="octo-org", hook_id="7", token=TOKEN, variable_token=OTHER_TOKEN, image=IMAGE)
    environment = runner.container.environment
    assert environment["INPUT_HOOK-ID"] == "7"
    assert environment["INPUT_TOKEN"] == TOKEN
    assert environment["INPUT_VARIABLE-TOKEN"] == OTHER_TOKEN
    assert environment["INPUT_VARIABLE-REPOSITORY"] == "octo-org/automation"
    words = [word for call in runner.calls for word in call.argv]
    assert not [word for word in words if TOKEN in word or OTHER_TOKEN in word]
    given = [word for word in runner.container.values_of("--env") if "=" in word]
    assert given == [f"{name}=/redeliver/{name}" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")]


def test_the_engine_keeps_nothing_of_what_the_container_says(runner: Runner) -> None:
    # Which a log driver would: the command that masks the token, too.
    runner.step(image=IMAGE)
    assert runner.container.values_of("--log-driver") == ["none"]


@pytest.mark.parametrize(
    ("lacks", "asked"),
    [
        ([], {"--memory": ["1g"], "--memory-swap": ["1g"], "--pids-limit": ["64"]}),
        (["SwapLimit"], {"--memory": ["1g"], "--memory-swap": ["-1"], "--pids-limit": ["64"]}),
        (["MemoryLimit", "SwapLimit"], {"--memory": [], "--memory-swap": [], "--pids-limit": ["64"]}),
        (["PidsLimit"], {"--memory": ["1g"], "--memory-swap": ["1g"], "--pids-limit": []}),
    ],
    ids=["nothing", "swap", "memory", "processes"],
)
def test_memory_and_processes_are_limited_where_the_engine_can(
    runner: Runner, lacks: list[str], asked: dict[str, list[str]]
) -> None:
    runner.limits = dict.fromkeys(lacks, False)
    runner.step(image=IMAGE)
    assert {option: runner.container.values_of(option) for option in asked} == asked


def test_a_runner_that_is_root_gets_a_container_that_is_not(runner: Runner) -> None:
    runner.user = "0"
    runner.step(image=IMAGE)
    assert runner.container.values_of("--user") == ["65532:65532"]
    assert (runner.bin / "chowned").read_text() == f"-h 65532:65532 {runner.output} {runner.summary}\n"


def test_files_that_cannot_be_given_to_the_containers_user_end_the_step_before_anything_is_sent(runner: Runner) -> None:
    runner.user, runner.chown = "0", 1
    result = runner.step(image=IMAGE)
    assert result.returncode == 1
    assert f"{ERROR}The files for results could not be given to the container's user" in result.stdout
    assert not runner.called("run")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "http://127.9.8.7/api/v3",
        "http://localhost:1",
        "http://[::1]:8080",
        "https://localhost",
    ],
)
def test_a_loopback_api_is_reached_over_the_hosts_network(runner: Runner, url: str) -> None:
    runner.step(api_url=url, image=IMAGE)
    assert runner.container.values_of("--network") == ["host"]


def test_so_is_one_that_only_the_runner_names(runner: Runner) -> None:
    runner.environment["GITHUB_API_URL"] = "http://localhost:3000"
    runner.step(api_url="", image=IMAGE)
    assert runner.container.values_of("--network") == ["host"]


@pytest.mark.parametrize(
    "url",
    [
        "https://api.github.com",
        "https://github.example.com/api/v3",
        "https://localhost.example.com",
        "https://127.0.0.1.example.com",
        "https://127.0.0.1@example.com",
        "https://127.0.0.1:80@example.com",
        "https://example.com/http://127.0.0.1",
    ],
)
def test_any_other_api_is_reached_over_a_network_of_the_containers_own(runner: Runner, url: str) -> None:
    runner.step(api_url=url, image=IMAGE)
    assert not [word for word in runner.container.argv if word.startswith("--net")]


@pytest.mark.parametrize("code", [0, 1, 2, 125, 130])
def test_the_containers_exit_code_is_the_steps(runner: Runner, code: int) -> None:
    runner.run = code
    result = runner.step(image=IMAGE)
    assert (result.returncode, result.stdout) == (code, f"{PULLING}what the container said\n")


def test_the_steps_process_becomes_docker_so_that_signals_reach_it(runner: Runner) -> None:
    _, process = runner.start(image=IMAGE)
    assert runner.container.pid == process


# -- proxies, and a CA of the company's own -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("HTTPS_PROXY", "http://127.0.0.1:3128"),
        ("https_proxy", "localhost:3128"),
        ("HTTP_PROXY", "http://me:secret@localhost:3128/"),
        ("ALL_PROXY", "http://127.0.0.1:3128"),
    ],
)
def test_a_proxy_on_loopback_is_reached_over_the_hosts_network(runner: Runner, name: str, url: str) -> None:
    runner.environment[name] = url
    runner.step(image=IMAGE)
    assert runner.container.values_of("--network") == ["host"]


@pytest.mark.parametrize("url", ["http://proxy.example.com:3128", "http://localhost@proxy.example.com", "127.0.0.1.de"])
def test_any_other_proxy_is_reached_over_a_network_of_the_containers_own(runner: Runner, url: str) -> None:
    runner.environment["HTTPS_PROXY"] = url
    runner.step(image=IMAGE)
    assert not [word for word in runner.container.argv if word.startswith("--net")]


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_of_a_ca_that_is_named_the_container_is_shown_a_copy_that_it_can_read_and_not_change(
    runner: Runner, name: str
) -> None:
    ca = runner.folder / "company, ca.pem"
    ca.write_text("certificates")
    ca.chmod(0o600)
    runner.environment[name] = str(ca)
    runner.step(image=IMAGE)
    *_, mount = runner.container.mounts
    assert mount | {"source": ""} == {"type": "bind", "source": "", "target": f"/redeliver/{name}", "readonly": ""}
    copy = Path(mount["source"])
    assert copy.read_text() == "certificates"
    assert copy.stat().st_mode & 0o777 == 0o644
    assert copy.parent == runner.output.parent  # where the engine was seen to see files, and which the runner empties
    assert f"{name}=/redeliver/{name}" in runner.container.values_of("--env")
    assert ca.stat().st_mode & 0o777 == 0o600
    assert runner.container.environment[name] == str(ca)  # docker itself may need it


def test_a_ca_named_by_a_path_from_the_workspace_is_found_as_python_finds_it(runner: Runner) -> None:
    (runner.folder / "ca.pem").write_text("certificates")
    runner.environment["SSL_CERT_FILE"] = "ca.pem"
    runner.step(image=IMAGE)
    assert Path(runner.container.mounts[-1]["source"]).read_text() == "certificates"


def test_a_folder_of_certificates_is_shown_as_it_is(runner: Runner) -> None:
    runner.environment["REQUESTS_CA_BUNDLE"] = str(runner.temp)
    runner.step(image=IMAGE)
    *_, mount = runner.container.mounts
    assert mount["source"] == str(runner.temp)
    assert "readonly" in mount


@pytest.mark.parametrize("path", ["/nowhere/ca.pem", "nothing", "", "temp", "/dev/zero"])
def test_a_ca_that_is_not_there_is_left_to_the_action_to_name(runner: Runner, path: str) -> None:
    runner.environment["SSL_CERT_FILE"] = path
    runner.step(image=IMAGE)
    assert len(runner.container.mounts) == 2
    assert "SSL_CERT_FILE" in runner.container.values_of("--env")
    assert runner.container.environment["SSL_CERT_FILE"] == path


# -- engines of other kinds -----------------------------------------------------------------------------------


@pytest.mark.parametrize("user", ["1001", "0"])
def test_root_in_the_container_of_a_rootless_engine_is_nobody_but_the_runner(runner: Runner, user: str) -> None:
    runner.security = "name=seccomp,profile=builtin name=rootless"
    runner.user = user
    runner.step(image=IMAGE)
    assert runner.container.values_of("--user") == ["0:0"]
    assert not (runner.bin / "chowned").exists()
    assert "--cap-drop=ALL" in runner.container.argv


def test_an_engine_that_renames_users_lets_this_container_keep_the_runners(runner: Runner) -> None:
    runner.security = "name=userns"
    runner.step(image=IMAGE)
    assert runner.container.values_of("--userns") == ["host"]
    assert runner.container.values_of("--user") == ["1001:1001"]


def test_an_engine_that_labels_files_lets_this_container_write_the_runners(runner: Runner) -> None:
    runner.security = "name=seccomp,profile=default name=selinux"
    runner.step(image=IMAGE)
    assert runner.container.values_of("--security-opt") == ["no-new-privileges", "label=disable"]


def podman(*controllers: str, rootless: bool = False, selinux: bool = False, remote: bool = False) -> dict[str, Any]:
    """What podman's own command says of itself, in ``podman info``."""
    return {
        "Host": {
            "OS": "linux",
            "CgroupControllers": list(controllers),
            "Security": {"Rootless": rootless, "SELinuxEnabled": selinux},
            "ServiceIsRemote": remote,
        }
    }


def test_podmans_own_command_is_an_engine_too(runner: Runner) -> None:
    runner.podman = podman("cpuset", "cpu", "io", "memory", "pids")
    assert runner.step(image=IMAGE, runtime="docker").returncode == 0
    run = runner.container
    assert run.values_of("--user") == ["1001:1001"]
    assert {option: run.values_of(option) for option in ("--memory", "--memory-swap", "--pids-limit")} == {
        "--memory": ["1g"],
        "--memory-swap": ["1g"],
        "--pids-limit": ["64"],
    }
    assert run.values_of("--security-opt") == ["no-new-privileges"]


def test_so_is_a_rootless_one_that_labels_files_and_limits_nothing(runner: Runner) -> None:
    runner.podman = podman(rootless=True, selinux=True)
    runner.user = "0"
    runner.step(image=IMAGE, runtime="docker")
    run = runner.container
    assert run.values_of("--user") == ["0:0"]
    assert run.values_of("--security-opt") == ["no-new-privileges", "label=disable"]
    assert not [word for word in run.argv if word.startswith(("--memory", "--pids-limit"))]


def test_podmans_command_with_an_engine_elsewhere_does_not_see_the_files(runner: Runner) -> None:
    runner.podman = podman("memory", "pids", remote=True)
    result = runner.step(image=IMAGE, runtime="docker")
    assert result.returncode == 1
    assert "but the Docker engine does not see this job's files, since it is on another machine" in result.stdout


def test_podmans_engine_behind_dockers_command_must_be_on_this_machine(runner: Runner) -> None:
    # It looks for the image before the mounts, and so says nothing of the files.
    runner.init, runner.host = "", "another"
    result = runner.step(image=IMAGE, runtime="docker")
    assert result.returncode == 1
    assert "but the Docker engine does not see this job's files, since it is on another machine" in result.stdout


@pytest.mark.parametrize(
    ("init", "engine", "asked"),
    [("docker-init", {}, True), ("", {}, False), ("", podman("memory"), False)],
    ids=["Docker", "Docker's command and podman's engine", "podman"],
)
def test_an_init_is_asked_for_where_the_engine_has_one(
    runner: Runner, init: str, engine: dict[str, Any], *, asked: bool
) -> None:
    runner.init, runner.podman = init, engine
    assert runner.step(image=IMAGE).returncode == 0
    assert ("--init" in runner.container.argv) is asked


# -- which image ----------------------------------------------------------------------------------------


@pytest.fixture
def released(runner: Runner, tmp_path: Path) -> Runner:
    """A runner that was given a release: its launcher finds the digest of the published image beside it."""
    runner.checkout = tmp_path / "release"
    (runner.checkout / "src").mkdir(parents=True)
    shutil.copy(ROOT / "src" / "launch.sh", runner.checkout / "src")
    (runner.checkout / "src" / "image.txt").write_text("ghcr.io/octo-org/redeliver@sha256:4567\n")
    return runner


def test_a_release_runs_the_image_that_it_published(released: Runner) -> None:
    released.step()
    assert released.container.argv[-1] == "ghcr.io/octo-org/redeliver@sha256:4567"
    assert not released.called("build")


def test_the_image_input_goes_before_the_releases_own(released: Runner) -> None:
    released.step(image=IMAGE)
    assert released.container.argv[-1] == IMAGE


def test_an_image_that_the_engine_lacks_is_pulled_before_the_run_and_no_other(runner: Runner) -> None:
    runner.step(image=IMAGE)
    assert [call.argv for call in runner.called("pull")] == [["pull", "--quiet", IMAGE]]
    runner.images = [IMAGE]
    result = runner.step(image=IMAGE)
    assert len(runner.called("pull")) == 1
    assert result.stdout == "what the container said\n"
    assert {*runner.called("run")[0].values_of("--pull"), *runner.called("run")[1].values_of("--pull")} == {"never"}


def test_an_image_that_cannot_be_pulled_fails_the_step(runner: Runner) -> None:
    runner.pull = 1
    result = runner.step(image=IMAGE)
    assert result.returncode == 1
    assert result.stdout == (
        f"{PULLING}| what docker said\n{ERROR}The action's image could not be pulled; the lines above say why.\n"
    )
    assert not runner.called("run")


@pytest.mark.parametrize("image", ["--privileged", "-v=/:/host", "a b", "a%0A::x::", "$(id)"])
def test_what_is_no_name_of_an_image_is_refused_like_any_other_setting(runner: Runner, image: str) -> None:
    result = runner.step(image=image)
    assert result.returncode == 2
    shown = re.sub(r"[^A-Za-z0-9._:/@-]", "?", image)
    assert result.stdout == f"{ERROR}image: must be the name of a container image, not '{shown}'\n"
    assert not runner.called("run")


@pytest.mark.parametrize("image", [" python ", "localhost:5000/a/b_c.d-e", "[::1]:5000/a:v1@sha256:0123"])
def test_any_name_of_an_image_is_taken(runner: Runner, image: str) -> None:
    runner.step(image=image)
    assert runner.container.argv[-1] == image.strip()


def test_a_checkout_builds_its_own_image_and_runs_that(runner: Runner) -> None:
    runner.step()
    (build,) = runner.called("build")
    (tag,) = build.values_of("--tag")
    assert build.argv[-1] == str(ROOT)
    assert "--build-arg" not in build.argv
    assert runner.container.argv[-1] == tag
    assert runner.container.values_of("--pull") == ["never"]


def test_what_was_built_once_is_not_built_again(runner: Runner) -> None:
    runner.step()
    runner.images = runner.called("build")[0].values_of("--tag")
    result = runner.step()
    assert len(runner.called("build")) == 1
    assert len(runner.called("run")) == 2
    assert result.stdout == "what the container said\n"


def test_other_content_gets_an_image_of_its_own(runner: Runner, tmp_path: Path) -> None:
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
    runner.environment["REDELIVER_RUNTIME_IMAGE"] = "local/base"
    runner.step()
    tags = {tag for build in runner.called("build") for tag in build.values_of("--tag")}
    assert len(tags) == 3


def test_other_bases_and_a_network_can_be_named_for_the_build(runner: Runner) -> None:
    runner.environment |= {
        "REDELIVER_BUILD_IMAGE": "local/python",
        "REDELIVER_RUNTIME_IMAGE": "local/distroless",
        "REDELIVER_BUILD_NETWORK": "host",
    }
    runner.step()
    (build,) = runner.called("build")
    assert build.values_of("--build-arg") == ["BUILD_IMAGE=local/python", "RUNTIME_IMAGE=local/distroless"]
    assert build.values_of("--network") == ["host"]
    assert not runner.container.values_of("--network")


def test_a_build_that_fails_is_shown_and_fails_the_step(runner: Runner) -> None:
    runner.build = 1
    result = runner.step()
    assert result.returncode == 1
    said = f"| what docker said\n{ERROR}The action's image could not be built; the lines above say why.\n"
    assert result.stdout.endswith(said)
    assert not runner.called("run")
