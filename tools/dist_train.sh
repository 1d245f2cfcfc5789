#!/usr/bin/env bash
# Train on several processes: tools/dist_train.sh CONFIG GPUS [of train.py …]
# Without a GPU the processes run on the CPU.
# TOOL=train_folds.py trains all folds.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
config=${1:?CONFIG} gpus=${2:?GPUS}

# torchrun, started so that it belongs to the same Python
PYTHONPATH="$here/..${PYTHONPATH:+:$PYTHONPATH}" \
"${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" \
    --node-rank="${NODE_RANK:-0}" \
    --master-addr="${MASTER_ADDR:-127.0.0.1}" \
    --master-port="${PORT:-29500}" \
    --nproc-per-node="$gpus" \
    "$here/${TOOL:-train.py}" "$config" --launcher pytorch "${@:3}"
