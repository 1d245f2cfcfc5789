#!/usr/bin/env bash
# Test as a Slurm job: tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [of test.py …]
set -euxo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
partition=${1:?PARTITION} job=${2:?JOB_NAME}
config=${3:?CONFIG} checkpoint=${4:?CHECKPOINT}
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
    "${PYTHON:-python}" -u "$here/test.py" "$config" "$checkpoint" --launcher slurm "${@:5}"
