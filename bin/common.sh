# Shared by the scripts in this folder; sourced, never run.

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# Runs a command as root where that needs no password and no question.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    sudo -n "$@"
  else
    return 1
  fi
}

# ensure COMMAND... - each of them is on the PATH afterwards, installed if need be and allowed.
ensure() {
  local missing=() command
  for command in "$@"; do
    command -v "$command" >/dev/null 2>&1 || missing+=("$command")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0

  case "$(uname -s)" in
    Linux)
      command -v apt-get >/dev/null 2>&1 && install_with_apt "${missing[@]}" ;;
    Darwin)
      command -v brew >/dev/null 2>&1 && install_with_brew "${missing[@]}" ;;
  esac

  hash -r
  for command in "${missing[@]}"; do
    command -v "$command" >/dev/null 2>&1 \
      || fail "Missing: ${missing[*]}. Please install the packages redis (or redis-server), memcached, faketime (or libfaketime), prometheus, influxdb (or influxdb@1) and maven, and run this again."
  done
}

install_with_apt() {
  local packages=() command
  for command in "$@"; do
    case "$command" in mvn) packages+=(maven) ;; influxd) packages+=(influxdb) ;; *) packages+=("$command") ;; esac
  done
  as_root true || return 0
  say "Installing ${packages[*]} with apt-get."
  # RUNLEVEL=1 and the disable below: a packaged service is not started, and would not matter if it were;
  # the tests start servers of their own, on ports of their own.
  local log
  log=$(mktemp)
  if ! { as_root apt-get update -q || true
         as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q --no-install-recommends "${packages[@]}"
       } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
  fi
  rm -f "$log"
  if command -v systemctl >/dev/null 2>&1; then
    for command in "${packages[@]}"; do
      [ "$command" = maven ] || as_root systemctl disable --now "$command" >/dev/null 2>&1 || true
    done
  fi
}

install_with_brew() {
  local packages=() command
  for command in "$@"; do
    case "$command" in mvn) packages+=(maven) ;; redis-server) packages+=(redis) ;; faketime) packages+=(libfaketime) ;; influxd) packages+=(influxdb@1) ;; *) packages+=("$command") ;; esac
  done
  say "Installing ${packages[*]} with brew."
  brew install --quiet "${packages[@]}" </dev/null || true
}

# Feature version of the JDK in a directory, such as 17; nothing where there is no JDK.
jdk_version() {
  [ -x "$1/bin/javac" ] && [ -f "$1/release" ] || return 0
  sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release"
}

# Every JDK of version 17 or newer as a line "VERSION DIRECTORY", oldest first, one of each version.
# JAVA_HOME wins among those of its version.
jdks() {
  local on_path='' directory version
  if command -v javac >/dev/null 2>&1; then
    on_path=$(cd "$(dirname "$(readlink -f "$(command -v javac)" 2>/dev/null || command -v javac)")/.." && pwd)
  fi
  for directory in "${JAVA_HOME:-}" "$on_path" /usr/lib/jvm/* /opt/java/* /Library/Java/JavaVirtualMachines/*/Contents/Home \
      "$HOME"/Library/Java/JavaVirtualMachines/*/Contents/Home "$HOME"/.sdkman/candidates/java/*; do
    [ -n "$directory" ] || continue
    version=$(jdk_version "$directory")
    if [ -n "$version" ] && [ "$version" -ge 17 ]; then
      printf '%s %s\n' "$version" "$directory"
    fi
  done | sort -s -n -k 1,1 | awk '!seen[$1]++'
}

# Makes the newest JDK the one to use.
use_newest_jdk() {
  local newest
  newest=$(jdks | tail -n 1)
  [ -n "$newest" ] || fail "No JDK found. Please install one, 17 or newer, or set JAVA_HOME."
  export JAVA_HOME="${newest#* }"
}

# Maven, without questions and download noise, and never reading our standard input.
maven() {
  local options="${MAVEN_OPTS:-}"
  # Maven's own libraries use what new JDKs warn of.
  if [ "$(jdk_version "$JAVA_HOME")" -ge 24 ]; then
    options="$options --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow"
  fi
  MAVEN_OPTS="$options" mvn -B -ntp "$@" </dev/null
}
