# shellcheck shell=bash
# What a build for NVIDIA cards takes: a compiler, headers and libraries. Preparing one takes
# scripts/common.sh too.
: "${root:?is to be set by the script that sources this one}"

# The oldest toolkit that the backend builds with.
readonly cuda_oldest=12.9

has_nvidia_driver() {
  [[ -e /proc/driver/nvidia/version ]] || command -v nvidia-smi > /dev/null ||
    { PATH=$PATH:/sbin ldconfig -p 2> /dev/null || true; } | grep -q 'libcuda\.so\.1 '
}

# cuda_wish: `no`, or what a build for cards is to be made with. ZANIME_CUDA in the environment says
# so: `off`, `on`, `wheels` (those of PyPI where a toolkit is installed too), or `auto`, which is
# `auto` where there is a driver and `no` elsewhere.
cuda_wish() {
  case ${ZANIME_CUDA:-auto} in
    auto) has_nvidia_driver && echo auto || echo no ;;
    off | 0) echo no ;;
    on | 1) echo on ;;
    wheels) echo wheels ;;
    *)
      printf 'ZANIME_CUDA is "%s"; it is one of auto, on, wheels and off.\n' "$ZANIME_CUDA" >&2
      return 2
      ;;
  esac
}

# at_least VERSION LEAST: versions of two numbers.
at_least() { [[ $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$2" ]]; }

# The version of CUDA that the driver is for, or nothing where none answers.
driver_cuda_version() {
  { nvidia-smi 2> /dev/null || true; } |
    sed -n 's/.*CUDA[A-Za-z ]* Version: *\([0-9]*\.[0-9]*\).*/\1/p' | head -n 1
}

# The compute capabilities of this machine's cards, as CMake lists them; nothing without a card.
card_architectures() {
  { nvidia-smi --query-gpu=compute_cap --format=csv,noheader 2> /dev/null || true; } |
    sed -n 's/^ *\([0-9]*\)\.\([0-9]\) *$/\1\2/p' | sort -nu | paste -s -d ';'
}

# installed_toolkit DRIVER: the folder of an installed toolkit that is new enough, and not too new
# for a driver for that version of CUDA (any where that is empty).
installed_toolkit() {
  local driver=$1 nvcc version
  for nvcc in "${CUDACXX-}" "${CUDA_HOME-}/bin/nvcc" "$(command -v nvcc || true)" \
    /usr/local/cuda/bin/nvcc; do
    [[ -x $nvcc ]] || continue
    version=$("$nvcc" --version | sed -n 's/.*release \([0-9]*\.[0-9]*\),.*/\1/p')
    at_least "${version:-0}" "$cuda_oldest" || continue
    [[ -z $driver ]] || ((${version%.*} <= ${driver%.*})) || continue
    dirname -- "$(dirname -- "$(readlink -f -- "$nvcc")")"
    return
  done
  return 1
}

# has_cuda_toolkit: is all installed that a build for cards takes, but for cuDNN's C++ headers?
has_cuda_toolkit() {
  local toolkit
  toolkit=$(installed_toolkit '') && [[ -e $toolkit/include/cudnn.h ]]
}

# install_wheels FOLDER LOG GROUP...: the packages of these groups of scripts/cuda_wheels.txt.
install_wheels() {
  local folder=$1 log=$2 group package wanted=()
  shift 2
  while read -r group package; do
    [[ " $* " == *" $group "* ]] && wanted+=("$package")
  done < "$root/scripts/cuda_wheels.txt"
  [[ -e $folder/.wanted && ${wanted[*]} == "$(< "$folder/.wanted")" ]] && return
  python3 -m pip --version > /dev/null 2>&1 || install_packages "$log" cuda || return
  printf 'Fetching what a build for NVIDIA cards takes from PyPI%s\n' \
    "$([[ " $* " == *' toolkit '* ]] && echo ' (1.6 GB on disk)')" >&2
  rm -rf -- "$folder" && mkdir -p -- "$folder"
  if ! python3 -m pip install --quiet --disable-pip-version-check --no-deps --no-compile \
    --only-binary=:all: --target "$folder" "${wanted[@]}" >> "$log" 2>&1; then
    tail -n 15 -- "$log" >&2
    printf 'The packages could not be installed (log: %s).\n' "$log" >&2
    return 1
  fi
  # nvcc looks for its libraries where a toolkit has them.
  local wheels=$folder/nvidia/cu13
  [[ ! -d $wheels/lib || -e $wheels/lib64 ]] || ln -s lib "$wheels/lib64"
  printf '%s\n' "${wanted[*]}" > "$folder/.wanted"
}

# prepare_cuda FOLDER LOG WISH: sets cuda_options to CMake's options for such a build; FOLDER is
# `cuda` in the build folder, where the program looks for its libraries. False, having said why,
# where there can be none.
prepare_cuda() {
  local folder=$1 log=$2 wish=$3 driver toolkit architectures
  driver=$(driver_cuda_version)
  architectures=${ZANIME_CUDA_ARCHITECTURES:-$(card_architectures)}
  toolkit=
  [[ $wish == wheels ]] || toolkit=$(installed_toolkit "$driver") || true
  local groups=(frontend)
  if [[ -z $toolkit ]]; then
    if [[ -n $driver ]] && ! at_least "$driver" 13.0; then
      printf 'The driver is for CUDA %s. A build for its card takes a driver for CUDA 13 (580 or later), or an installed toolkit of CUDA 12.9: PyPI has no compiler of that.\n' "$driver" >&2
      return 1
    fi
    groups+=(toolkit cudnn)
  elif [[ ! -e $toolkit/include/cudnn.h && ! -e /usr/include/cudnn.h ]]; then
    if [[ ! -e $toolkit/lib64/libcudart.so.13 ]]; then
      printf 'cudnn.h is not in %s/include; install cuDNN 9 there.\n' "$toolkit" >&2
      return 1
    fi
    groups+=(cudnn)
  fi
  install_wheels "$folder" "$log" "${groups[@]}" || return
  toolkit=${toolkit:-$folder/nvidia/cu13}
  cuda_options=(-DZANIME_CUDA=ON -DCMAKE_CUDA_COMPILER="$toolkit/bin/nvcc"
    -DCUDAToolkit_ROOT="$toolkit" -DZANIME_CUDNN_FRONTEND="$folder/include")
  [[ " ${groups[*]} " != *' cudnn '* ]] ||
    cuda_options+=(-DZANIME_CUDNN_INCLUDE_DIR="$folder/nvidia/cudnn/include")
  [[ -z $architectures ]] || cuda_options+=(-DZANIME_CUDA_ARCHITECTURES="$architectures")
}
