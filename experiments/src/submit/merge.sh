#!/bin/sh
#SBATCH --job-name={{ name }}-merge
{%- for argument in arguments %}
#SBATCH {{ argument }}
{%- endfor %}
#SBATCH --cpus-per-task={{ jobs }}
#SBATCH --output=merge.log
#SBATCH --open-mode=append
#SBATCH --requeue

exec {{ command }}
