#!/bin/bash
# A sweep on a Slurm cluster: a job array, one shard a task.
#
#   sbatch docs/research/examples/slurm-array.sh
#   npx swarm-sim merge results/shard-*.json        # when all tasks have ended
#SBATCH --job-name=swarm-sim
#SBATCH --array=0-15
#SBATCH --cpus-per-task=4
#SBATCH --mem=6G
#SBATCH --time=02:00:00
set -u
results=${RESULTS:-results}
mkdir -p "$results"
npx swarm-sim sweep standard --seeds "${SEEDS:-1000000}" --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
  --jobs "$SLURM_CPUS_PER_TASK" --out "$results/runs-$SLURM_ARRAY_TASK_ID" --json > "$results/shard-$SLURM_ARRAY_TASK_ID.json"
# Exit 1 and 2 are verdicts, not failures of the task: the result is written all the same, and `merge` tells them.
test $? -le 2
