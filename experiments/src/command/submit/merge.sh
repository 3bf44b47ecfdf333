#!/bin/sh
#SBATCH --job-name={{ name }}-merge
{%- if arguments %}
#SBATCH {{ arguments }}
{%- endif %}
#SBATCH --cpus-per-task={{ jobs }}
#SBATCH --output=merge.log
#SBATCH --open-mode=append
#SBATCH --requeue

exec {{ command }}
