"""Pictures from many prompts: files in, pictures and a table of them out.

    python -m zanime.batch prompts.jsonl -o pictures/
    python -m zanime.batch prompts.jsonl -o pictures/ --ray auto

On one machine the rows go through Drawer in this process; with Ray Data the same Drawer is an actor
on every device. Comes with ``pip install zanime[batch]``, for clusters ``zanime[cluster]``.
"""

from zanime.batch.drawer import Drawer, Settings
from zanime.batch.job import Job, Outcome, run
from zanime.batch.rows import BatchError, read_rows

__all__ = ["BatchError", "Drawer", "Job", "Outcome", "Settings", "read_rows", "run"]
