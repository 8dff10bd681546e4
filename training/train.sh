#!/bin/sh
# Trains the small model from nothing to files, each stage from its own checkpoint if there is one:
#
#     training/train.sh RUN [DEVICE]
#
# RUN is a folder outside the repository for pictures, checkpoints and logs (2 GB); DEVICE is cpu
# (default) or cuda. Interrupt it at will and start it again with the same arguments. On two quiet
# cores: drawing 5 minutes, text encoder 5, autoencoder 20, diffusion model 110, classifier 5.
# PICTURES, AE_STEPS, TEXT_STEPS, FLOW_STEPS, JUDGE_SAMPLES and FLOW_OPTIONS in the environment change
# the plan; on a graphics card, PICTURES=60000 FLOW_STEPS=40000 FLOW_OPTIONS="--batch 256 --layers 6 --ffn 768" is
# still within the 24 MB.
set -eu
run=$(mkdir -p "$1" && cd "$1" && pwd)
device=${2:-cpu}
cd "$(dirname "$0")"
python=${PYTHON:-python3}
# Threads that wait must not spin: with other work on the machine that costs more than it gains.
export OMP_WAIT_POLICY=passive GOMP_SPINCOUNT=0

[ -e "$run/data/pictures.npy" ] || "$python" dataset.py --out "$run/data" --count "${PICTURES:-12000}"
[ -e "$run/test-data/pictures.npy" ] ||
  "$python" dataset.py --out "$run/test-data" --count 1000 --seed 8 --held-out
"$python" train_text.py --out "$run" --steps "${TEXT_STEPS:-1000}" --device "$device"
"$python" train_autoencoder.py --data "$run/data" --out "$run" --steps "${AE_STEPS:-2000}" --freeze 0.35 \
  --device "$device"
# shellcheck disable=SC2086
"$python" train_flow.py --data "$run/data" --out "$run" --steps "${FLOW_STEPS:-4200}" --device "$device" \
  ${FLOW_OPTIONS:-}
"$python" train_classifier.py --data "$run/data" --test "$run/test-data" --out "$run" \
  --samples "${JUDGE_SAMPLES:-19200}" --device "$device"
"$python" export.py --run "$run" --out "$run/export"
"$python" evaluate.py --run "$run" --out "$run/evaluation" --device "$device"
"$python" plot_losses.py --run "$run" --out "$run/losses.png"
