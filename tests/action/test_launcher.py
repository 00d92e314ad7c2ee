"""The launcher hands the container what it needs and nothing else."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from action.step import ROOT, Runner

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = "ghcr.io/octo-org/mirror@sha256:0123"
TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
OTHER_TOKEN = "ghp_ABCDEFGHIJ0123456789abcdefghij012345"


def test_the_container_is_locked_down(runner: Runner) -> None:
    runner.step(image=IMAGE)
    argv = runner.container.argv
    assert argv[:5] == ["run", "--rm", "--init", "--read-only", "--cap-drop=ALL"]
    assert runner.container.values_of("--security-opt") == ["no-new-privileges"]
    assert runner.container.values_of("--user") == ["1001:1001"]
    assert argv[-1] == IMAGE
    assert not {"--privileged", "-v", "--volume", "--device", "--pid", "--ipc"} & set(argv)


def test_only_the_files_for_outputs_and_summary_are_mounted(runner: Runner) -> None:
    runner.step(image=IMAGE)
    assert runner.container.values_of("--mount") == [
        f"type=bind,source={file},target={file}" for file in (runner.output, runner.summary)
    ]


def test_the_container_is_given_these_variables_of_the_runner_and_no_others(runner: Runner) -> None:
    runner.environment |= {
        "ACTIONS_RUNTIME_TOKEN": "secret",
        "GITHUB_TOKEN": "secret",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    runner.step(image=IMAGE)
    names = runner.container.values_of("--env")
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
    assert not [name for name in runner.container.values_of("--env") if "=" in name]


def test_a_runner_that_is_root_gets_a_container_that_is_not(runner: Runner) -> None:
    runner.user = "0"
    runner.step(image=IMAGE)
    assert runner.container.values_of("--user") == ["65532:65532"]
    assert (runner.bin / "chowned").read_text() == f"65532:65532 {runner.output} {runner.summary}\n"


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
    assert (result.returncode, result.stdout) == (code, "what the container said\n")


def test_the_steps_process_becomes_docker_so_that_signals_reach_it(runner: Runner) -> None:
    _, process = runner.start(image=IMAGE)
    assert runner.container.pid == process


# -- proxies, and a CA of the company's own -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("url", ["http://127.0.0.1:3128", "localhost:3128", "http://me:secret@localhost:3128/"])
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
def test_a_ca_that_is_named_is_shown_to_the_container_and_cannot_be_changed_there(runner: Runner, name: str) -> None:
    ca = runner.folder / "company ca.pem"
    ca.touch()
    runner.environment[name] = str(ca)
    runner.step(image=IMAGE)
    assert runner.container.values_of("--mount")[2:] == [f"type=bind,source={ca},target={ca},readonly"]
    assert name in runner.container.values_of("--env")
    assert runner.container.environment[name] == str(ca)


def test_one_ca_under_two_names_is_mounted_once(runner: Runner) -> None:
    ca = runner.folder / "ca.pem"
    ca.touch()
    runner.environment |= {"SSL_CERT_FILE": str(ca), "REQUESTS_CA_BUNDLE": str(ca)}
    runner.step(image=IMAGE)
    assert len(runner.container.values_of("--mount")) == 3


@pytest.mark.parametrize("path", ["/nowhere/ca.pem", "output", ""])
def test_a_ca_that_is_not_there_is_left_to_the_action_to_name(runner: Runner, path: str) -> None:
    runner.environment["SSL_CERT_FILE"] = path
    runner.step(image=IMAGE)
    assert len(runner.container.values_of("--mount")) == 2
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
    assert "what the build said\n::error title=Redeliver Action::The action's image could not be built" in result.stdout
    assert not runner.called("run")
