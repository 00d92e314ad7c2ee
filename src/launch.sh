#!/usr/bin/env bash
# Runs the action in its container, and hands it no more of the runner than it needs: the files for its outputs
# and its summary, and these variables. They are passed by name, so that no value is ever part of a command line.
set -euo pipefail

home=$(cd -- "${BASH_SOURCE[0]%/*}/.." && pwd)

forward=(
  INPUT_ORG
  INPUT_REPOSITORY
  INPUT_HOOK-ID
  INPUT_TOKEN
  INPUT_APP-ID
  INPUT_PRIVATE-KEY
  INPUT_VARIABLE-NAME
  INPUT_VARIABLE-REPOSITORY
  INPUT_VARIABLE-TOKEN
  INPUT_LOOKBACK
  INPUT_OVERLAP
  INPUT_EVENTS
  INPUT_MAX-ATTEMPTS
  INPUT_RETRY-SPACING
  INPUT_REDELIVERIES-PER-MINUTE
  INPUT_WAIT-FOR-RESULTS
  INPUT_TIME-LIMIT
  INPUT_SCAN
  INPUT_FAIL-ON
  INPUT_DRY-RUN
  INPUT_API-URL
  GITHUB_ACTIONS
  GITHUB_API_URL
  GITHUB_OUTPUT
  GITHUB_REPOSITORY
  GITHUB_RUN_ID
  GITHUB_SERVER_URL
  GITHUB_STEP_SUMMARY
  GITHUB_WORKFLOW
  RUNNER_DEBUG
  HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY
  http_proxy https_proxy no_proxy all_proxy
)

fail() {
  echo "::error title=Redeliver Action::$1"
  exit 1
}

# Bash passes names with a hyphen on to its children, but cannot read them itself.
input() { printenv "INPUT_$1" || true; }

engine_answers() {
  [ "$(docker version --format '{{.Server.Os}}' 2>/dev/null)" = linux ]
}

# Sets $image and the options that only our own build needs.
choose_image() {
  image=$(input IMAGE)
  if [ -n "$image" ]; then return; fi
  # The release writes the digest of the image it published; a checkout in development has none.
  if [ -s "$home/src/image.txt" ]; then image=$(< "$home/src/image.txt"); return; fi
  build_image
}

# Once for each content, so the name says what is in it. The REDELIVER_ variables are for machines that reach no
# image registry, or only from the host's network.
build_image() {
  local arguments=() content log
  if [ -n "${REDELIVER_BUILD_IMAGE-}" ]; then arguments+=(--build-arg "BUILD_IMAGE=$REDELIVER_BUILD_IMAGE"); fi
  if [ -n "${REDELIVER_RUNTIME_IMAGE-}" ]; then arguments+=(--build-arg "RUNTIME_IMAGE=$REDELIVER_RUNTIME_IMAGE"); fi
  if [ -n "${REDELIVER_BUILD_NETWORK-}" ]; then arguments+=(--network "$REDELIVER_BUILD_NETWORK"); fi
  content=$(
    cd -- "$home"
    {
      printf '%s\n' "${arguments[@]}"
      {
        printf '%s\n' Dockerfile .dockerignore requirements/run.txt
        find src/redeliver -name '*.py'
      } | LC_ALL=C sort | xargs sha256sum
    } | sha256sum
  )
  image=redeliver-action:${content:0:20}
  run_options+=(--pull=never)
  if docker image inspect "$image" >/dev/null 2>&1; then return; fi
  echo "Building the action's image, once for this version ..."
  log=$(docker build --tag "$image" "${arguments[@]}" "$home" 2>&1) || {
    echo "$log"
    fail "The action's image could not be built; the log above says why."
  }
}

# A simulated GitHub on this machine is out of reach from a network of the container's own.
use_host_network_for_loopback() {
  local loopback='^https?://(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?(/|$)'
  if [[ $(input API-URL) =~ $loopback ]]; then run_options+=(--network=host); fi
}

# The container's user must be able to write the runner's two files, and is never root.
choose_user() {
  user=$(id -u):$(id -g)
  if [ "$(id -u)" = 0 ]; then
    user=65532:65532
    chown "$user" "$GITHUB_OUTPUT" "$GITHUB_STEP_SUMMARY"
  fi
}

# exec, so that the runner's signals reach docker, which passes them on to the init in the container.
run_container() {
  local run_options=() image user name
  choose_image
  use_host_network_for_loopback
  choose_user
  for name in "${forward[@]}"; do run_options+=(--env "$name"); done
  exec docker run --rm --init --read-only --cap-drop=ALL --security-opt=no-new-privileges --user "$user" \
    --mount "type=bind,source=$GITHUB_OUTPUT,target=$GITHUB_OUTPUT" \
    --mount "type=bind,source=$GITHUB_STEP_SUMMARY,target=$GITHUB_STEP_SUMMARY" \
    "${run_options[@]}" "$image"
}

engine_answers || fail "No Docker engine for Linux containers answers on this runner, and the action runs in one. \
Use a runner that has Docker, such as ubuntu-latest."
run_container
