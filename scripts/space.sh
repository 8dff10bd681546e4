# shellcheck shell=bash
# The Python package and the Space: the virtual environment, the module, the page. Sourced after
# scripts/common.sh.
: "${root:?is to be set by the script that sources this one}"

# make_venv FOLDER LOG REQUIREMENTS...: a virtual environment with what these files list. Filled
# again when one of them changes.
make_venv() {
  local venv=$1 log=$2 wanted
  shift 2
  wanted=$(cat -- "$@" && command -v python3)
  [[ -e $venv/.wanted && $wanted == "$(< "$venv/.wanted")" && -x $venv/bin/python ]] && return
  if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
    echo 'The page needs Python 3.11 or later as python3.' >&2
    return 1
  fi
  echo 'Installing the Python packages of the page' >&2
  local arguments=() file
  for file; do arguments+=(--requirement "$file"); done
  if ! {
    rm -rf -- "$venv" && python3 -m venv -- "$venv" &&
      "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "${arguments[@]}"
  } >> "$log" 2>&1; then
    tail -n 15 -- "$log" >&2
    printf 'The Python packages could not be installed (log: %s).\n' "$log" >&2
    return 1
  fi
  printf '%s\n' "$wanted" > "$venv/.wanted"
}

# build_python: builds what is missing and sets `venv` and PYTHONPATH.
build_python() {
  local log=$root/build/space.log
  venv=$root/build/venv
  mkdir -p -- "$root/build"
  : > "$log"
  install_packages "$log" build space
  make_venv "$venv" "$log" "$root"/{space,space/serve,python,python/zanime/batch}/requirements.txt
  build 'Building the Python package' "$root/build" "$log" -DCMAKE_BUILD_TYPE=Release \
    -DZANIME_TESTS=OFF -DZANIME_PYTHON=ON -DPython_EXECUTABLE="$venv/bin/python" -- python
  export PYTHONPATH=$root/build/python
}

# run_space ARGUMENTS...: the page, or a folder of it.
run_space() {
  local venv
  if [[ ${1-} == --folder ]]; then
    : "${2:?--folder needs the name of a new folder}"
    local log=$root/build/space.log
    venv=$root/build/venv
    mkdir -p -- "$root/build"
    : > "$log"
    install_packages "$log" build space
    make_venv "$venv" "$log" "$root"/{space,space/serve,python,python/zanime/batch}/requirements.txt
    make_space_folder "$2" "$venv" "$log"
    return
  fi
  build_python
  exec "$venv/bin/python" "$root/space/app.py" "$@"
}

# run_serve ARGUMENTS...: the page and the routes for programs.
run_serve() {
  local venv
  build_python
  exec "$venv/bin/python" -m zanime.serve "$@"
}

# run_batch ARGUMENTS...: pictures from a file of prompts.
run_batch() {
  local venv
  build_python
  exec "$venv/bin/python" -m zanime.batch "$@"
}

# make_space_folder FOLDER VENV LOG: a Space to be pushed: the page, and the engine as a wheel for
# Debian 12 and this Python.
make_space_folder() {
  local folder=$1 venv=$2 log=$3
  if [[ -e $folder ]]; then
    printf '%s exists already; name a new folder.\n' "$folder" >&2
    return 1
  fi
  echo 'Building the wheel' >&2
  if ! "$venv/bin/python" -m pip wheel --quiet --no-deps --wheel-dir "$root/build/wheels" \
    "$root" >> "$log" 2>&1; then
    tail -n 15 -- "$log" >&2
    printf 'The wheel could not be built; the whole log is in %s.\n' "$log" >&2
    return 1
  fi
  mkdir -p -- "$folder/wheels"
  cp -r -- "$root"/space/{README.md,MODELS_SOURCE.md,app.py,packages.txt,requirements.txt} \
    "$folder/"
  mkdir -- "$folder/zanime_space"
  cp -- "$root"/space/zanime_space/*.py "$folder/zanime_space/"
  cp -- "$root"/build/wheels/zanime-*.whl "$folder/wheels/"
  printf '%s\n' "$folder"
}
