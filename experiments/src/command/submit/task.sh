#!/bin/sh
#SBATCH --job-name={{ name }}
#SBATCH --signal=B:TERM@60
{%- if arguments %}
#SBATCH {{ arguments }}
{%- endif %}
#SBATCH --array=1-{{ tasks }}{% if at_once %}%{{ at_once }}{% endif %}
#SBATCH --cpus-per-task={{ jobs }}
#SBATCH --output=task-%a.log
#SBATCH --open-mode=append
#SBATCH --requeue

# One shard of {{ tasks }}; about {{ points_per_task }} of {{ points }} points. What has finished is not repeated.
child=
# The second signal ends a run that takes longer than that; those that have finished are kept.
trap 'kill -TERM "$child" 2>/dev/null; (sleep 20; kill -TERM "$child" 2>/dev/null) &' TERM
{{ command }} --shard "$SLURM_ARRAY_TASK_ID/{{ tasks }}" --out "shard-$SLURM_ARRAY_TASK_ID" --resume &
child=$!
wait "$child"
status=$?
# A signal ends that wait, not the program.
while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    status=$?
done

# Ended by a signal, such as a minute before the time limit: the task is queued again and goes on where it was, unless
# somebody has cancelled it.
task=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
if [ "$status" -gt 128 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt {{ restarts }} ] &&
    [ "$(squeue --noheader --jobs="$task" --format=%T)" = RUNNING ]; then
    echo "task $task was ended by signal $((status - 128)): queued again"
    scontrol requeue "$task"
    # Slurm ends this script.
    sleep 300
fi
exit "$status"
