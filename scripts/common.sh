# shellcheck shell=bash
# What ./zanime and ./test share. Sourced by bash with `root` set to the repository's root.
# Everything said here goes to stderr: stdout belongs to the program that is run in the end.
: "${root:?is to be set by the script that sources this one}"

# package_names GROUP...: the packages of these groups of scripts/packages.txt.
package_names() {
  local group package rest
  while read -r group package rest; do
    [[ " $* " == *" $group "* ]] && printf '%s\n' "$package"
  done < "$root/scripts/packages.txt"
  return 0
}

# missing_packages PACKAGE...: those that are not installed.
missing_packages() {
  local installed package
  installed=$(dpkg-query --show --showformat='${db:Status-Status} ${binary:Package}\n' "$@" \
    2> /dev/null | sed -n 's/^installed \([^:]*\).*/\1/p') || true
  for package in "$@"; do
    grep -qxF -- "$package" <<< "$installed" || printf '%s\n' "$package"
  done
}

# install_packages LOG GROUP...: installs what is missing, as root or with sudo. On systems without
# dpkg nothing is done; CMake then names the library it misses.
install_packages() {
  local log=$1
  shift
  command -v dpkg-query > /dev/null || return 0
  local wanted missing
  mapfile -t wanted < <(package_names "$@")
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  ((${#missing[@]})) || return 0

  local as_root=()
  if ((EUID != 0)); then
    if ! command -v sudo > /dev/null; then
      printf 'zanime needs these Debian packages. As root, run:\n    apt-get install %s\n' \
        "${missing[*]}" >&2
      return 1
    fi
    as_root=(sudo)
    [[ -t 0 ]] || as_root=(sudo -n) # nobody there to type a password
  fi
  printf 'Installing the Debian packages that zanime needs: %s\n' "${missing[*]}" >&2
  if ! {
    "${as_root[@]}" apt-get update &&
      "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends "${missing[@]}"
  } < /dev/null >> "$log" 2>&1; then
    tail -n 15 -- "$log" >&2
    printf 'The packages could not be installed (log: %s). As root, run:\n' "$log" >&2
    printf '    apt-get update\n    apt-get install %s\n' "${missing[*]}" >&2
    return 1
  fi
}

# show_progress TITLE: turns ninja's output into one line that counts up on a terminal.
show_progress() {
  local title=$1 line shown=
  [[ -t 2 ]] || printf '%s\n' "$title" >&2
  while IFS= read -r line; do
    if [[ -t 2 && $line =~ ^\[([0-9]+/[0-9]+)\] ]]; then
      printf '\r%s: %s\033[K' "$title" "${BASH_REMATCH[1]}" >&2
      shown=yes
    fi
  done
  [[ -z $shown ]] || printf '\r\033[K' >&2
}

# build TITLE DIRECTORY LOG CMAKE_ARGUMENTS... -- TARGETS...
build() {
  local title=$1 directory=$2 log=$3 arguments=()
  shift 3
  while [[ $1 != -- ]]; do
    arguments+=("$1")
    shift
  done
  shift
  if ! cmake -S "$root" -B "$directory" -G Ninja -DCMAKE_UNITY_BUILD=ON "${arguments[@]}" \
    >> "$log" 2>&1; then
    grep -A 8 -m 1 'CMake Error' -- "$log" >&2 || tail -n 20 -- "$log" >&2
    printf 'The build could not be set up; the whole log is in %s.\n' "$log" >&2
    command -v dpkg-query > /dev/null ||
      printf 'This system has no Debian packages. zanime needs what these hold: %s\n' \
        "$(package_names build unit test | tr '\n' ' ')" >&2
    return 1
  fi
  if ! NINJA_STATUS='[%f/%t] ' ninja -C "$directory" "$@" 2>&1 | tee -a -- "$log" |
    show_progress "$title"; then
    sed -n '/^FAILED: /,$p' -- "$log" | head -n 40 >&2
    printf 'The build failed; the whole log is in %s.\n' "$log" >&2
    return 1
  fi
}
