#!/bin/sh
# Trains the small model from nothing to files, each stage from its own checkpoint if there is one:
#
#     training/train.sh RUN [DEVICE]
#
# RUN is a folder outside the repository for pictures, checkpoints and logs (2 GB); DEVICE is cpu
# (default) or cuda. Interrupt it at will and start it again with the same arguments. On two quiet
# cores: drawing 5 minutes, text encoder 5, autoencoder 20, its encoder 10, diffusion model 110,
# classifier 5. WORKERS, PICTURES, LARGER (pictures of 192 and of 256 each, 0 for none), the steps and
# the options below in the environment change the plan. The shipped model took ten minutes on one H200
# with 16 cores:
#
#     WORKERS=16 PICTURES=60000 LARGER=5000 \
#     AE_STEPS=1700 AE_OPTIONS="--batch 384 --crops 0 --freeze 0.5 --noise 0.2 --blocks 3 3 3 3" \
#     ENCODER_STEPS=1050 ENCODER_OPTIONS="--batch 48" \
#     FLOW_STEPS=3100 FLOW_OPTIONS="--batch 1024 --layers 5 --decay 0.999" \
#     JUDGE_SAMPLES=700000 JUDGE_OPTIONS="--batch 256" training/train.sh RUN cuda
set -eu
run=$(mkdir -p "$1" && cd "$1" && pwd)
device=${2:-cpu}
cd "$(dirname "$0")"
python=${PYTHON:-python3}
# Threads that wait must not spin: with other work on the machine that costs more than it gains.
export OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0

# draw NAME COUNT OPTIONS...
draw() {
  name=$1 count=$2
  shift 2
  [ -e "$run/$name/pictures.npy" ] ||
    "$python" dataset.py --out "$run/$name" --count "$count" --workers "${WORKERS:-2}" "$@"
}

draw data "${PICTURES:-12000}"
draw test-data 1000 --seed 8 --held-out
larger=
if [ "${LARGER:-0}" -gt 0 ]; then
  draw data-192 "$LARGER" --seed 2 --size 192
  draw data-256 "$LARGER" --seed 3 --size 256
  larger="$run/data-192 $run/data-256"
fi
# Unquoted: lists of words.
# shellcheck disable=SC2086
{
  "$python" train_text.py --out "$run" --steps "${TEXT_STEPS:-1000}" --device "$device"
  "$python" train_autoencoder.py --data "$run/data" $larger --out "$run" --steps "${AE_STEPS:-2000}" \
    --device "$device" ${AE_OPTIONS:---freeze 0.35}
  "$python" train_encoder.py --data "$run/data" $larger --out "$run" \
    --steps "${ENCODER_STEPS:-1000}" --device "$device" ${ENCODER_OPTIONS:-}
  "$python" train_flow.py --data "$run/data" --larger $larger --out "$run" \
    --steps "${FLOW_STEPS:-4200}" --device "$device" ${FLOW_OPTIONS:-}
  "$python" train_classifier.py --data "$run/data" --test "$run/test-data" --out "$run" \
    --samples "${JUDGE_SAMPLES:-19200}" --device "$device" ${JUDGE_OPTIONS:-}
}
"$python" export.py --run "$run" --out "$run/export"
"$python" evaluate.py --run "$run" --out "$run/evaluation" --device "$device"
"$python" plot_losses.py --run "$run" --out "$run/losses.png"
