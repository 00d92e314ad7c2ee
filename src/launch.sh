#!/usr/bin/env bash
# Runs the action in its own container or, where no container can run, with the runner's own Python. Either gets no
# more of the runner than it needs: the two files for results, a CA's certificates, and the variables named below. No
# secret is ever part of a command line, which every user of the machine can read. Works with macOS' bash 3.2 and the
# bash that comes with Git on Windows.
#
# SHELLOPTS in a job's environment can have set options. Tracing would print values, such as a proxy's password.
{ set +vx; } 2>/dev/null
set +C
set -euo pipefail

home=$(cd -- "${BASH_SOURCE[0]%/*}/.." && { pwd -W 2>/dev/null || pwd; }) # -W: the path as Windows knows it

inputs=(
  # inputs, written by make docs
  INPUT_ORG
  INPUT_REPOSITORY
  INPUT_HOOK-ID
  INPUT_TOKEN
  INPUT_CLIENT-ID
  INPUT_APP-ID
  INPUT_PRIVATE-KEY
  INPUT_VARIABLE-NAME
  INPUT_VARIABLE-REPOSITORY
  INPUT_VARIABLE-TOKEN
  INPUT_LOOKBACK
  INPUT_OVERLAP
  INPUT_EVENTS
  INPUT_MAX-AGE
  INPUT_MAX-ATTEMPTS
  INPUT_RETRY-SPACING
  INPUT_REDELIVERIES-PER-MINUTE
  INPUT_WAIT-FOR-RESULTS
  INPUT_TIME-LIMIT
  INPUT_SCAN
  INPUT_FAIL-ON
  INPUT_MAX-SILENCE
  INPUT_EXPLAIN
  INPUT_DRY-RUN
  INPUT_API-URL
  INPUT_FROM
  INPUT_TO
  INPUT_GUID
  INPUT_EXCEPT-GUIDS-FILE
  INPUT_LIMIT
  INPUT_SEND
  INPUT_REPORT
  INPUT_LABEL
  # end of inputs
)

# Passed on as they are.
variables=(
  GITHUB_ACTIONS
  GITHUB_API_URL
  GITHUB_REPOSITORY
  GITHUB_RUN_ID
  GITHUB_SERVER_URL
  GITHUB_WORKFLOW
  REPOSITORY_VISIBILITY
  RUNNER_DEBUG
  HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY
  http_proxy https_proxy no_proxy all_proxy
)

# These name files of the runner's. In the container they name the places where the files are mounted.
results=(GITHUB_OUTPUT GITHUB_STEP_SUMMARY)
certificates=(SSL_CERT_FILE REQUESTS_CA_BUNDLE)

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

# ---- Waiting for other programs -------------------------------------------------------------------------------

# Runs the command after $2 for at most $1 seconds, with its output in the file $output. $2 names in the log what is
# waited for. If the time was up, the command is ended, $late is set and the code is not 0. macOS has no timeout. The
# command runs in the background, since bash acts on a signal only after a command in the foreground has ended.
within() {
  local limit=$1 what=$2 code=0 job
  shift 2
  late=
  set -m # gives each a process group of its own, so that all it has started can be ended with it
  "$@" < /dev/null > "$output" 2>&1 &
  job=$!
  ring "$limit" "$what" &
  set +m
  wait "$job" || code=$?
  end_jobs
  if [ "$late" ]; then echo "It took longer than $limit seconds, and was ended." >> "$output"; fi
  return "$code"
}

# After $1 seconds, interrupts the wait for $2.
ring() {
  local left=$1
  if [ "$left" -gt 10 ]; then
    sleep 10
    left=$((left - 10))
    echo "Still waiting for $2, for at most $left more seconds ..."
  fi
  sleep "$left"
  kill -USR1 $$
}

# SIGKILL, for a program that hangs may not heed another signal. None of them has anything to put in order.
end_jobs() {
  local group
  for group in $(jobs -p); do
    disown "$group" # else bash reports that it was killed
    kill -KILL -- "-$group"
  done 2>/dev/null || true
}

# Ends the step as a signal asks for, whose name is $1 and number $2.
cancel() {
  end_jobs
  echo "Stopped by $1 before the action started. Nothing was sent."
  exit $((128 + $2))
}

# Shows the last $1 lines of $output so that nothing in them can be a workflow command: no line begins with ::, none
# contains ##[, and none contains a character that the runner skips when it looks for these.
quote() (
  export LC_ALL=C
  tr -s '\r' '\n' < "$output" | tail -n "$1" | cut -b 1-500 | tr -c '\t\n -~' '?' | sed -e 's/##\[/# #[/g' -e 's/^/| /'
)

# Sets $temp to a folder that lasts as long as the job, and $output to a file in it. The runner empties its own folder
# after each job.
make_room() {
  temp=${RUNNER_TEMP-}
  if [ ! -d "$temp" ] || [ ! -w "$temp" ]; then temp=$(mktemp -d || echo /dev/null); fi
  output=$(mktemp "$temp/redeliver-action-XXXXXX") ||
    fail "The action could not make a file for its own use. Nothing was sent. RUNNER_TEMP or TMPDIR must name a folder \
that this user can write."
}

# ---- The files for results ------------------------------------------------------------------------------------

on_windows() { [[ ${OSTYPE-} == msys* || ${OSTYPE-} == cygwin* ]]; }

# The runner makes both files anew for each step. If somebody put something else in their place, a root runner would
# give that to the container's user.
check_results() {
  local name file why
  for name in "${results[@]}"; do
    file=${!name-}
    if [ -L "$file" ]; then why="it is a symbolic link"
    elif [ ! -e "$file" ]; then why="it does not exist"
    elif [ ! -f "$file" ]; then why="it is not a regular file"
    elif [ ! -w "$file" ]; then why="this user may not write it"
    else continue
    fi
    fail "The file that $name names cannot take the results: $why. Nothing was sent. The runner makes this file for each step; \
if the job runs in a container, mount the runner's folders into it."
  done
}

# ---- In a container -------------------------------------------------------------------------------------------

# What an engine is asked: its system, what it can do, and its security options. Podman, when it answers Docker's command,
# names no init. Its own command, which may be called docker, has other words, and does not say whether it has an init.
of_docker='{{.OSType}} {{if .MemoryLimit}}can=memory{{end}} {{if .SwapLimit}}can=swap{{end}} {{if .PidsLimit}}can=pids{{end}}'
of_docker+=' {{if .InitBinary}}can=init{{else}}host={{.Name}}{{end}} {{.SecurityOptions}}'
of_podman='{{.Host.OS}} {{if .Host.ServiceIsRemote}}remote{{end}} {{range .Host.CgroupControllers}}can={{.}} {{end}} can=swap'
of_podman+=' {{if .Host.Security.Rootless}}name=rootless{{end}} {{if .Host.Security.SELinuxEnabled}}name=selinux{{end}}'

# Whether a container can run here. Then $engine is what the engine says of itself, $image is the image to run, and
# $has_image is set if the engine has it. Else $lacking is what is missing.
docker_can_run() {
  lacking="no Docker engine for Linux containers answers on this runner"
  if on_windows; then return 1; fi
  SECONDS=0
  ask describe "$of_docker" || { [ -z "$late" ] && ask describe "$of_podman"; } || return 1
  read -r engine < "$output" || true
  if [[ $engine != linux\ * ]]; then return 1; fi
  engine_sees_our_files || return 1
  choose_image
  has_image=
  if ask docker image inspect "$image"; then has_image=yes; fi
  [ -z "$late" ]
}

# Runs a command that needs an answer of the engine's. It has 30 seconds for all of them together.
ask() {
  local code=0 left=$((30 - SECONDS))
  within $((left > 0 ? left : 1)) "Docker to answer" "$@" || code=$?
  if [ "$late" ]; then lacking="Docker did not answer within 30 seconds"; fi
  return "$code"
}

describe() { docker info --format "$1" 2>/dev/null; }

# Whether the engine said so of itself.
engine_says() { [[ " $engine " == *"$1"* ]]; }

# Docker's engine checks the mounts before it looks for the image, and so makes nothing here. Podman's looks for the
# image first: there, what counts is whether it is on this machine.
engine_sees_our_files() {
  ask docker create --pull=never --mount "$(mount_option "$GITHUB_OUTPUT" /probe)" redeliver-action/there-is-none || true
  if [ "$late" ]; then return 1; fi
  lacking="the Docker engine does not see this job's files, since it is on another machine or the job in a container"
  if engine_says " remote " || { engine_says " host=" && ! engine_says " host=$(uname -n) "; }; then return 1; fi
  [[ $(< "$output") != *"invalid mount config"* && $(< "$output") != *[Mm]"ounts denied"* ]]
}

# The value for --mount that shows $1 to the container as $2. Docker reads it as a line of CSV: within quotes a path may
# contain commas, and a quote is written twice. (--volume has no way to write a colon.)
mount_option() {
  local quote='"'
  printf '%s' "type=bind,\"source=${1//$quote/$quote$quote}\",target=$2"
}

# Shows the container the file $2 in the place of the one that the variable $1 names. The runner's own path will not do:
# its user cannot enter /root, say. $3 can be readonly.
share() {
  local place=/redeliver/$1
  run_options+=(--mount "$(mount_option "$2" "$place")${3+,$3}" --env "$1=$place")
}

# Sets $image, and $build to the command that makes it, or to nothing if it is to be pulled.
choose_image() {
  local name='^[][A-Za-z0-9][][A-Za-z0-9._:/@-]*$'
  build=()
  read -r image <<< "${INPUT_IMAGE-}" || true
  # The release writes the digest of the image it published; a checkout in development has none.
  if [ -z "$image" ] && [ -s "$home/src/image.txt" ]; then read -r image < "$home/src/image.txt" || true; fi
  if [ -z "$image" ]; then name_build; return; fi
  [[ $image =~ $name ]] || fail "image: must be the name of a container image, not '${image//[^A-Za-z0-9._:\/@-]/?}'" 2
}

# An image is built once for each content, so the name says what is in it. The REDELIVER_ variables are for machines
# that reach no image registry, or only from the host's network.
name_build() {
  local content sum=(sha256sum)
  if [ -n "${REDELIVER_BUILD_IMAGE-}" ]; then build+=(--build-arg "BUILD_IMAGE=$REDELIVER_BUILD_IMAGE"); fi
  if [ -n "${REDELIVER_RUNTIME_IMAGE-}" ]; then build+=(--build-arg "RUNTIME_IMAGE=$REDELIVER_RUNTIME_IMAGE"); fi
  if [ -n "${REDELIVER_BUILD_NETWORK-}" ]; then build+=(--network "$REDELIVER_BUILD_NETWORK"); fi
  command -v sha256sum >/dev/null || sum=(shasum -a 256)
  content=$(
    cd -- "$home"
    {
      printf '%s\n' ${build[@]+"${build[@]}"}
      {
        printf '%s\n' Dockerfile .dockerignore requirements/run.txt
        find src/redeliver -name '*.py'
      } | LC_ALL=C sort | xargs "${sum[@]}"
    } | "${sum[@]}"
  )
  image=redeliver-action:${content:0:20}
  build=(docker build --tag "$image" ${build[@]+"${build[@]}"} "$home")
}

# Sees to it that the engine has $image. Not by docker run, which would put the registry's own words into the log as
# they are.
fetch_image() {
  if [ "$has_image" ]; then return; fi
  if [ ${#build[@]} -gt 0 ]; then
    echo "Building the action's image, once for this version ..."
    within 600 "Docker to build the image" "${build[@]}" && return
    quote 20
    fail "The action's image could not be built; the lines above say why."
  fi
  echo "Pulling the action's image ..."
  within 300 "Docker to pull the image" docker pull --quiet "$image" && return
  quote 20
  fail "The action's image could not be pulled; the lines above say why."
}

# A simulated GitHub or a proxy on this machine is out of reach from a network of the container's own.
use_host_network_for_loopback() {
  local host='(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?(/|$)' name
  local api="^https?://$host" proxy="^([a-z0-9]+://)?([^/@]*@)?$host" url
  # Bash passes a name with a hyphen on to its children, but cannot read it itself.
  url=$(printenv INPUT_API-URL) || true
  if [[ ${url:-${GITHUB_API_URL-}} =~ $api ]]; then run_options+=(--network=host); return; fi
  for name in HTTPS_PROXY https_proxy HTTP_PROXY http_proxy ALL_PROXY all_proxy; do
    if [[ ${!name-} =~ $proxy ]]; then run_options+=(--network=host); return; fi
  done
}

# Sets $copy to a copy of a file, as old as the file. The container's user may not be able to read the file itself, nor
# the engine to see it: the copy is beside a file that the engine sees. The runner removes both.
copy_for_container() {
  copy=$(mktemp "${GITHUB_OUTPUT%/*}/redeliver-action-XXXXXX") && cat -- "$1" > "$copy" && touch -r "$1" "$copy" &&
    chmod 644 "$copy"
}

# A CA of the company's own. A path that leads nowhere is left for the action to name.
share_certificates() {
  local name file copy
  for name in "${certificates[@]}"; do
    file=${!name-}
    if [ -f "$file" ] && copy_for_container "$file"; then file=$copy; fi 2>/dev/null
    if [[ $file == /* && ( -f $file || -d $file ) ]]; then
      share "$name" "$file" readonly
    else
      run_options+=(--env "$name")
    fi
  done
}

# The list that a replay compares with. How old it is counts: what was sent later cannot be in it.
share_list() {
  local file copy
  file=$(printenv INPUT_EXCEPT-GUIDS-FILE) || true
  if [ -z "$file" ]; then return; fi
  if [ ! -f "$file" ]; then fail "except-guids-file: is not a file of this job" 2; fi
  if [ "$(wc -c < "$file")" -gt 67108864 ]; then fail "except-guids-file: must be no larger than 64 MiB" 2; fi
  copy_for_container "$file" || fail "except-guids-file: could not be read" 2
  share INPUT_EXCEPT-GUIDS-FILE "$copy" readonly
}

# Sets $user. It must be able to write the runner's two files, and has no more rights on the host than the runner.
choose_user() {
  user=$(id -u):$(id -g)
  if engine_says name=selinux; then run_options+=(--security-opt=label=disable); fi
  # Root in the container of a rootless engine is that engine's user; any other could not write the files.
  if engine_says name=rootless; then user=0:0; return; fi
  if engine_says name=userns; then run_options+=(--userns=host); fi
  if [ "$(id -u)" = 0 ]; then
    user=65532:65532
    # -h: never the target of a link, whatever happened since the check.
    chown -h "$user" "$GITHUB_OUTPUT" "$GITHUB_STEP_SUMMARY" 2>/dev/null ||
      fail "The files for results could not be given to the container's user, since chown failed. Nothing was sent. Use \
runtime: python, or a runner that is not root."
  fi
}

# A run over a million attempts of which few failed takes less than 100 MB, and 900 MB if all of them are of undelivered
# events, in one process with one thread, beside the container's init. What takes more is an answer that was made to do
# so. An engine that cannot limit something would say so in the log of every run, so it is not asked to.
limit_resources() {
  local with_swap=-1
  if engine_says can=swap; then with_swap=1g; fi
  if engine_says can=memory; then run_options+=(--memory=1g --memory-swap="$with_swap"); fi
  if engine_says can=pids; then run_options+=(--pids-limit=64); fi
}

# exec, so that the runner's signals reach docker, which passes them on to the init in the container. No log driver:
# the command that masks a token would be in what the engine keeps of the output.
run_container() {
  local run_options=() user name
  share_list
  fetch_image
  # Without an init the action itself gets the signals. Podman may lack one, and would then start nothing.
  if engine_says can=init; then run_options+=(--init); fi
  use_host_network_for_loopback
  choose_user
  limit_resources
  for name in "${inputs[@]}" "${variables[@]}"; do run_options+=(--env "$name"); done
  for name in "${results[@]}"; do share "$name" "${!name}"; done
  share_certificates
  exec docker run --rm --read-only --cap-drop=ALL --security-opt=no-new-privileges --ipc=none \
    --log-driver=none --pull=never --user "$user" "${run_options[@]}" "$image" ${1+"$@"}
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

# Of pip's variables, those that say where packages are and how to get there. The others can change what is installed,
# and where.
pip_variables=(
  PIP_CONFIG_FILE
  PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_NO_INDEX PIP_FIND_LINKS
  PIP_PROXY PIP_CERT PIP_CLIENT_CERT PIP_TRUSTED_HOST PIP_KEYRING_PROVIDER PIP_USE_FEATURE PIP_USE_DEPRECATED
  PIP_TIMEOUT PIP_DEFAULT_TIMEOUT PIP_RETRIES PIP_RESUME_RETRIES
  PIP_CACHE_DIR PIP_NO_CACHE_DIR
)

# Sets $python to that of a virtual environment with what the lock names, made once a job.
prepare_python() {
  local base=$python venv=$temp/redeliver-action-$key name
  python=$venv/bin/python
  if on_windows; then python=$venv/Scripts/python.exe; fi
  export PYTHONPYCACHEPREFIX=$venv/bytecode # nothing is written into the action's own folder
  if [ -e "$venv/complete" ]; then return; fi
  for name in ${!PIP_@}; do
    if [[ " ${pip_variables[*]} " != *" $name "* ]]; then unset "$name"; fi
  done
  echo "Installing the action's packages for $base, once in this job ..."
  # --no-user: somebody's pip.conf may not go together with a virtual environment.
  if ! within 120 "Python to make a virtual environment" "$base" -I -m venv --clear "$venv" ||
    ! within 300 "pip to install packages" "$python" -I -m pip install --quiet --no-compile --no-input --no-user \
      --disable-pip-version-check --require-hashes --only-binary=:all: --requirement "$home/requirements/run.txt"; then
    quote 5
    fail "The action's packages could not be installed for $base; the lines above say why."
  fi
  # A pip.conf can send packages elsewhere, and a file system can refuse to run them.
  within 60 "the action's packages to load" become_python -c 'import redeliver.entry.step, redeliver.entry.tracking' || {
    quote 5
    fail "The action's packages were installed for $base but cannot be used; the lines above say why."
  }
  : > "$venv/complete"
}

# Becomes a Python with no code from the working or the home directory (-P and -s).
become_python() { exec "$python" -I -S -c "$start" "$names" "$python" -P -s "$@"; }

run_python() {
  local python key names="${inputs[*]} ${variables[*]} ${results[*]} ${certificates[*]} ${machine[*]}"
  choose_python
  export PYTHONPATH=$home/src PYTHONUNBUFFERED=1 PYTHONUTF8=1
  prepare_python
  become_python -m redeliver ${1+"$@"}
}

# ---- Which of the two -----------------------------------------------------------------------------------------

lacking=
late=
trap 'late=yes' USR1
# The runner cancels a job with SIGINT to this process alone, and with SIGTERM if it is still there 7.5 seconds later.
trap 'cancel SIGINT 2' INT
trap 'cancel SIGTERM 15' TERM
check_results
make_room
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
