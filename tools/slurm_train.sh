#!/usr/bin/env bash
# Train as a Slurm job: tools/slurm_train.sh PARTITION JOB_NAME CONFIG [of train.py …]
# TOOL=train_folds.py trains all folds.
set -euxo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
partition=${1:?PARTITION} job=${2:?JOB_NAME}
config=${3:?CONFIG}
gpus_per_node=${GPUS_PER_NODE:-4}

PYTHONPATH="$here/..${PYTHONPATH:+:$PYTHONPATH}" \
srun --partition="$partition" \
    --job-name="$job" \
    --gres="gpu:$gpus_per_node" \
    --ntasks="${GPUS:-4}" \
    --ntasks-per-node="$gpus_per_node" \
    --cpus-per-task="${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit=1 \
    ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$here/${TOOL:-train.py}" "$config" --launcher slurm "${@:4}"
