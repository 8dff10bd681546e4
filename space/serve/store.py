"""Queue and gallery in SQLite. What is committed here outlives the process, however that ends."""

import json
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zanime

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  owner TEXT NOT NULL,
  caller TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  request TEXT NOT NULL,
  count INTEGER NOT NULL,
  key TEXT,
  digest TEXT,
  retries INTEGER NOT NULL,
  error TEXT,
  created REAL NOT NULL,
  ended REAL
);
CREATE UNIQUE INDEX IF NOT EXISTS jobs_by_key ON jobs (owner, key) WHERE key IS NOT NULL;
CREATE INDEX IF NOT EXISTS jobs_by_digest ON jobs (caller, digest, number);
CREATE INDEX IF NOT EXISTS jobs_open ON jobs (number) WHERE state = 'queued';
CREATE TABLE IF NOT EXISTS pictures (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  job TEXT NOT NULL,
  owner TEXT NOT NULL,
  place INTEGER NOT NULL,
  seed TEXT NOT NULL,
  width INTEGER NOT NULL,
  height INTEGER NOT NULL,
  parameters TEXT NOT NULL,
  seconds REAL NOT NULL,
  created REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS pictures_by_job ON pictures (job, place);
"""

# How long a caller's own name for a request stands for it, and a repeated body for the first.
_KEY_SECONDS = 24 * 3600.0
_DIGEST_SECONDS = 600.0
# Jobs that ended stay as long, for those who ask how.
_ENDED_SECONDS = 7 * 24 * 3600.0


@dataclass(frozen=True)
class Picture:
    id: str
    job: str
    owner: str
    place: int  # within its job
    seed: int
    width: int
    height: int
    parameters: str  # readable; holds the prompt
    seconds: float
    created: float
    number: int = 0  # of the gallery, in the order in which they were finished


@dataclass(frozen=True)
class Record:
    """A job as it is kept. Its state is queued, done, failed or cancelled: what runs is queued
    until it is done, so that nothing has to be put back after the process died."""

    id: str
    owner: str
    caller: str
    kind: str
    state: str
    params: zanime.GenerationParams
    count: int
    key: str | None
    digest: str | None
    retries: bool
    error: dict[str, Any] | None
    created: float
    ended: float | None


class Store:
    """Used from one thread. Commits are safe from a kill of the process; WAL in its NORMAL mode may
    lose the last ones, and never the file, when the machine loses power."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file, timeout=10.0, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        file.chmod(0o600)  # prompts are nobody else's business

    def close(self) -> None:
        self._db.close()

    def add(self, job: Record) -> None:
        with self._transaction():
            if job.key is not None:  # one that is too old to stand for a request any more
                self._db.execute(
                    "UPDATE jobs SET key = NULL WHERE owner = ? AND key = ?", (job.owner, job.key)
                )
            self._db.execute(
                "INSERT INTO jobs (id, owner, caller, kind, state, request, count, key, digest,"
                " retries, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job.id, job.owner, job.caller, job.kind, job.state,
                    json.dumps(job.params.to_dict()), job.count, job.key, job.digest,
                    job.retries, job.created,
                ),
            )  # fmt: skip

    def set_state(self, job: str, state: str, error: dict[str, Any] | None = None) -> None:
        ended = None if state == "queued" else time.time()
        self._db.execute(
            "UPDATE jobs SET state = ?, error = ?, ended = ? WHERE id = ?",
            (state, json.dumps(error) if error else None, ended, job),
        )

    def add_picture(self, picture: Picture) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO pictures (id, job, owner, place, seed, width, height,"
            " parameters, seconds, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                picture.id, picture.job, picture.owner, picture.place, str(picture.seed),
                picture.width, picture.height, picture.parameters, picture.seconds,
                picture.created,
            ),
        )  # fmt: skip

    def job(self, job: str) -> Record | None:
        return self._one("SELECT * FROM jobs WHERE id = ?", job)

    def jobs(self, caller: str, limit: int) -> list[Record]:
        """The caller's, newest first."""
        rows = self._db.execute(
            "SELECT * FROM jobs WHERE caller = ? ORDER BY number DESC LIMIT ?", (caller, limit)
        )
        return [_record(row) for row in rows]

    def open_jobs(self) -> list[Record]:
        """In the order of their arrival."""
        rows = self._db.execute("SELECT * FROM jobs WHERE state = 'queued' ORDER BY number")
        return [_record(row) for row in rows]

    def by_key(self, owner: str, key: str) -> Record | None:
        return self._one(
            "SELECT * FROM jobs WHERE owner = ? AND key = ? AND created > ?",
            owner, key, time.time() - _KEY_SECONDS,
        )  # fmt: skip

    def by_digest(self, caller: str, digest: str) -> Record | None:
        """The newest with this body."""
        return self._one(
            "SELECT * FROM jobs WHERE caller = ? AND digest = ? AND created > ? "
            "ORDER BY number DESC LIMIT 1",
            caller, digest, time.time() - _DIGEST_SECONDS,
        )  # fmt: skip

    def forget_digest(self, job: str) -> None:
        self._db.execute("UPDATE jobs SET digest = NULL WHERE id = ? AND key IS NULL", (job,))

    def pictures_of(self, job: str) -> list[Picture]:
        rows = self._db.execute("SELECT * FROM pictures WHERE job = ? ORDER BY place", (job,))
        return [_picture(row) for row in rows]

    def picture(self, owner: str, picture: str) -> Picture | None:
        rows = self._db.execute(
            "SELECT * FROM pictures WHERE owner = ? AND id = ?", (owner, picture)
        ).fetchall()
        return _picture(rows[0]) if rows else None

    def gallery(self, owner: str, limit: int, before: int | None) -> list[Picture]:
        """Newest first, those with a lower number than `before`."""
        rows = self._db.execute(
            "SELECT * FROM pictures WHERE owner = ? AND number < ? ORDER BY number DESC LIMIT ?",
            (owner, before if before is not None else 2**62, limit),
        )
        return [_picture(row) for row in rows]

    def remove_picture(self, picture: str) -> None:
        self._db.execute("DELETE FROM pictures WHERE id = ?", (picture,))

    def beyond(self, keep: int) -> list[str]:
        """The pictures that are too many, oldest first."""
        rows = self._db.execute(
            "SELECT id FROM pictures WHERE number <= "
            "(SELECT number FROM pictures ORDER BY number DESC LIMIT 1 OFFSET ?) ORDER BY number",
            (keep,),
        )
        return [row["id"] for row in rows]

    def forget_old(self) -> None:
        self._db.execute(
            "DELETE FROM jobs WHERE state != 'queued' AND ended < ?",
            (time.time() - _ENDED_SECONDS,),
        )

    def _one(self, query: str, *values: Any) -> Record | None:
        row = self._db.execute(query, values).fetchone()
        return _record(row) if row else None

    def _transaction(self) -> sqlite3.Connection:
        self._db.execute("BEGIN IMMEDIATE")
        return self._db  # commits or rolls back at the end of a `with`


def _record(row: sqlite3.Row) -> Record:
    return Record(
        id=row["id"],
        owner=row["owner"],
        caller=row["caller"],
        kind=row["kind"],
        state=row["state"],
        params=zanime.GenerationParams(**json.loads(row["request"])),
        count=row["count"],
        key=row["key"],
        digest=row["digest"],
        retries=bool(row["retries"]),
        error=json.loads(row["error"]) if row["error"] else None,
        created=row["created"],
        ended=row["ended"],
    )


def _picture(row: sqlite3.Row) -> Picture:
    facts = dict(row)
    return Picture(**{**facts, "seed": int(facts["seed"])})
