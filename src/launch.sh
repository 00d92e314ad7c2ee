#!/usr/bin/env bash
# Runs the action in its container or, where there can be none, with the runner's own Python. Either is handed no more
# of the runner than it needs: the files for outputs and summary, and the variables below. They are passed by name, so
# that no value is ever part of a command line. Works with macOS' bash 3.2 and the bash that comes with Git on Windows.
set -euo pipefail

home=$(cd -- "${BASH_SOURCE[0]%/*}/.." && { pwd -W 2>/dev/null || pwd; }) # -W: the path as Windows knows it

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
  SSL_CERT_FILE REQUESTS_CA_BUNDLE
)

# What a Python of the machine needs besides, on Linux, macOS and Windows.
machine=(
  PATH HOME USER LANG LC_ALL LC_CTYPE TZ TMPDIR LD_LIBRARY_PATH
  SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT TEMP TMP USERPROFILE APPDATA LOCALAPPDATA
  PYTHONPATH PYTHONPYCACHEPREFIX PYTHONUNBUFFERED PYTHONUTF8
)

fail() {
  echo "::error title=Redeliver Action::$1"
  exit "${2:-1}"
}

# Bash passes names with a hyphen on to its children, but cannot read them itself.
input() { printenv "INPUT_$1" || true; }

# ---- In a container -------------------------------------------------------------------------------------------

# Whether a container can run here; $engine is then what the engine says of itself, and else $lacking what is missing.
docker_can_run() {
  lacking="no Docker engine for Linux containers answers on this runner"
  engine=$(docker info --format '{{.OSType}} {{.SecurityOptions}}' 2>/dev/null) || return 1
  if [[ $engine != "linux "* || ${OSTYPE-} == msys* || ${OSTYPE-} == cygwin* ]]; then return 1; fi
  lacking="the Docker engine does not see this job's files, since it is on another machine or the job in a container"
  engine_sees_our_files
}

# An engine looks at the mounts before it looks for the image, and so makes nothing here.
engine_sees_our_files() {
  local answer
  answer=$(docker create --pull=never --mount "type=bind,source=$GITHUB_OUTPUT,target=/probe" \
    redeliver-action/there-is-none 2>&1) || true
  [[ $answer != *"source path does not exist"* && $answer != *"mounts denied"* ]]
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
  local arguments=() content log sum=(sha256sum)
  if [ -n "${REDELIVER_BUILD_IMAGE-}" ]; then arguments+=(--build-arg "BUILD_IMAGE=$REDELIVER_BUILD_IMAGE"); fi
  if [ -n "${REDELIVER_RUNTIME_IMAGE-}" ]; then arguments+=(--build-arg "RUNTIME_IMAGE=$REDELIVER_RUNTIME_IMAGE"); fi
  if [ -n "${REDELIVER_BUILD_NETWORK-}" ]; then arguments+=(--network "$REDELIVER_BUILD_NETWORK"); fi
  command -v sha256sum >/dev/null || sum=(shasum -a 256)
  content=$(
    cd -- "$home"
    {
      printf '%s\n' ${arguments[@]+"${arguments[@]}"}
      {
        printf '%s\n' Dockerfile .dockerignore requirements/run.txt
        find src/redeliver -name '*.py'
      } | LC_ALL=C sort | xargs "${sum[@]}"
    } | "${sum[@]}"
  )
  image=redeliver-action:${content:0:20}
  run_options+=(--pull=never)
  if docker image inspect "$image" >/dev/null 2>&1; then return; fi
  echo "Building the action's image, once for this version ..."
  log=$(docker build --tag "$image" ${arguments[@]+"${arguments[@]}"} "$home" 2>&1) || {
    echo "$log"
    fail "The action's image could not be built; the log above says why."
  }
}

# A simulated GitHub or a proxy on this machine is out of reach from a network of the container's own.
use_host_network_for_loopback() {
  local host='(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?(/|$)' name
  local api="^https?://$host" proxy="^([a-z0-9]+://)?([^/@]*@)?$host" url
  url=$(input API-URL)
  if [[ ${url:-${GITHUB_API_URL-}} =~ $api ]]; then run_options+=(--network=host); return; fi
  for name in HTTPS_PROXY https_proxy HTTP_PROXY http_proxy ALL_PROXY all_proxy; do
    if [[ ${!name-} =~ $proxy ]]; then run_options+=(--network=host); return; fi
  done
}

# A CA of the company's own. One that is not there is named by the action itself.
mount_certificates() {
  local name file mounted=
  for name in SSL_CERT_FILE REQUESTS_CA_BUNDLE; do
    file=${!name-}
    if [[ $file == /* && -e $file && $file != "$mounted" ]]; then
      run_options+=(--mount "type=bind,source=$file,target=$file,readonly")
      mounted=$file
    fi
  done
}

# The container's user must be able to write the runner's two files, and has no more rights on the host than the runner.
choose_user() {
  user=$(id -u):$(id -g)
  if [[ $engine == *name=selinux* ]]; then run_options+=(--security-opt=label=disable); fi
  # Root in the container of a rootless engine is that engine's user; any other could not write the files.
  if [[ $engine == *name=rootless* ]]; then user=0:0; return; fi
  if [[ $engine == *name=userns* ]]; then run_options+=(--userns=host); fi
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
  mount_certificates
  choose_user
  for name in "${forward[@]}"; do run_options+=(--env "$name"); done
  exec docker run --rm --init --read-only --cap-drop=ALL --security-opt=no-new-privileges --user "$user" \
    --mount "type=bind,source=$GITHUB_OUTPUT,target=$GITHUB_OUTPUT" \
    --mount "type=bind,source=$GITHUB_STEP_SUMMARY,target=$GITHUB_STEP_SUMMARY" \
    "${run_options[@]}" "$image" ${1+"$@"}
}

# ---- With the runner's Python ---------------------------------------------------------------------------------

# What a Python is asked: 1 when it is too old or not CPython, 2 when it has no venv. Prints a key of what would be
# installed with it.
readonly question='
import sys
if sys.implementation.name != "cpython" or sys.version_info < (3, 11):
    sys.exit(1)
try:
    import ensurepip, venv
except ImportError:
    sys.exit(2)
import hashlib
with open(sys.argv[1], "rb") as lock:
    print(hashlib.sha256(lock.read() + repr((sys.version_info, sys.executable)).encode()).hexdigest()[:20])
'

# Sets $python and $key.
choose_python() {
  local code incomplete=
  for python in python3.14 python3.13 python3.12 python3.11 python3 python; do
    command -v "$python" >/dev/null || continue
    code=0
    key=$("$python" -I -c "$question" "$home/requirements/run.txt" 2>/dev/null) || code=$?
    if [ "$code" = 0 ]; then key=${key%$'\r'}; return; fi
    if [ "$code" = 2 ]; then incomplete=${incomplete:-$python}; fi
  done
  if [ -n "$incomplete" ]; then
    fail "The runner's $incomplete lacks the module venv: install it (Debian and Ubuntu: python3-venv)."
  fi
  fail "The action needs Python 3.11 or newer on the PATH${lacking:+, since $lacking}. Use a runner that has Docker, such \
as ubuntu-latest, or let actions/setup-python go before this step."
}

# Sets $python to that of a virtual environment with what the lock names, made once a job. The runner empties
# RUNNER_TEMP after each.
prepare_python() {
  local base=$python venv log=
  if [ -d "${RUNNER_TEMP-}" ]; then venv=$RUNNER_TEMP/redeliver-action-$key; else venv=$(mktemp -d)/venv; fi
  python=$venv/bin/python
  if [[ ${OSTYPE-} == msys* || ${OSTYPE-} == cygwin* ]]; then python=$venv/Scripts/python.exe; fi
  export PYTHONPYCACHEPREFIX=$venv/bytecode # nothing is written into the action's own folder
  if [ -e "$venv/complete" ]; then return; fi
  echo "Installing the action's packages for $base, once in this job ..."
  # --no-user: somebody's PIP_USER does not go together with a virtual environment.
  { log=$("$base" -I -m venv --clear "$venv" 2>&1) && log=$("$python" -I -m pip install --quiet --no-compile --no-input --no-user \
    --disable-pip-version-check --require-hashes --only-binary=:all: --requirement "$home/requirements/run.txt" 2>&1)
  } || {
    tail -n 5 <<< "$log"
    fail "The action's packages could not be installed for $base; the lines above say why."
  }
  : > "$venv/complete"
}

# Becomes the command in its arguments, which is given the variables that the first one names and no others: a job's
# environment holds secrets of others. Bash cannot do this, since it can neither read nor unset names that are no
# identifiers; env could, with every value on its command line.
readonly start='
import os, sys
names, command = sys.argv[1].split(), sys.argv[2:]
given = {name: value for name, value in os.environ.items() if name in names}
if os.name != "nt":
    os.execve(command[0], command, given)
# On Windows a process that becomes another one looks to bash as if it had ended.
import signal, subprocess
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.exit(subprocess.call(command, env=given))
'

run_python() {
  local python key names="${forward[*]} ${machine[*]}"
  choose_python
  prepare_python
  export PYTHONPATH=$home/src PYTHONUNBUFFERED=1 PYTHONUTF8=1
  # -P and -s: no code from the working or the home directory.
  exec "$python" -I -S -c "$start" "$names" "$python" -P -s -m redeliver ${1+"$@"}
}

# ---- Which of the two -----------------------------------------------------------------------------------------

lacking=
engine=
read -r runtime <<< "${INPUT_RUNTIME-}" || true
case ${runtime:-auto} in
  auto)
    if docker_can_run; then run_container ${1+"$@"}; fi
    echo "Running with the runner's own Python, since $lacking."
    run_python ${1+"$@"}
    ;;
  docker)
    docker_can_run || fail "runtime is docker, but $lacking. Use a runner that has Docker, such as ubuntu-latest, or \
runtime: python."
    run_container ${1+"$@"}
    ;;
  python) run_python ${1+"$@"} ;;
  *) fail "runtime: must be one of docker, python, auto, not '${runtime//[^A-Za-z0-9._-]/?}'" 2 ;;
esac
