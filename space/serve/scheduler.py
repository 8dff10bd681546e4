"""From orders to pictures: one line for all callers, one worker for each device.

Each picture of a job takes a turn of its own, so a request for ten does not keep others waiting,
and what is finished stays finished. A picture is finished when its file has its name; its row
follows. A server that was killed in between finds the file and adds the row instead of drawing.
"""

import asyncio
import contextlib
import sqlite3
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import zanime
from zanime.serve.callers import Caller
from zanime.serve.errors import Refusal, from_engine, log_unexpected
from zanime.serve.folder import Folder
from zanime.serve.jobs import Event, Job, failure
from zanime.serve.metrics import Metrics
from zanime.serve.options import Options
from zanime.serve.orders import Order, completed, params_of, seed_of
from zanime.serve.store import Picture, Record, Store
from zanime_space.line import Line, Ticket
from zanime_space.pictures import Step
from zanime_space.pump import pumped
from zanime_space.worker import WorkerDied
from zanime_space.workers import Workers

# After a client that asks again by itself went, its job stays for so long.
_RETRY_SECONDS = 5.0
# What is drawn when the server is told to end may take so long.
_LAST_PICTURE_SECONDS = 6.0
# Of one picture, where the worker's process dies: once is bad luck.
_ATTEMPTS = 2


class Scheduler:
    """Used from one event loop."""

    def __init__(
        self, options: Options, folder: Folder, workers: Workers, line: Line, metrics: Metrics,
        engine: zanime.Engine,
    ) -> None:  # fmt: skip
        self._options = options
        self.folder = folder
        self.store = Store(folder.database)
        self.metrics = metrics
        self.engine = engine
        self._workers, self._line = workers, line
        self._live: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ordering = asyncio.Lock()
        self._ending = False

    async def start(self) -> None:
        """Goes on with what was queued; a client whose connection broke with the last server, and
        who does not ask again by itself, has gone."""
        self.store.forget_old()
        for record in self.store.open_jobs():
            job = Job(record, self.store.pictures_of(record.id))
            if record.kind == "job" or record.retries:
                self._begin(job)
                continue
            while not job.is_drawn and self._adopt(job):
                pass
            self.store.set_state(record.id, "done" if job.is_drawn else "cancelled")
        for id in self.folder.jobs_with_inputs():
            if id not in self._live:
                self.folder.remove_inputs(id)

    async def order(self, order: Order, caller: Caller) -> Job:
        """The job for it, which may be there already. Raises Refusal and ZanimeError."""
        async with self._ordering:  # or two with one key would both be new
            if self._ending:
                raise Refusal(503, "The server ends; ask again.", "ending", retry_after=2)
            if job := self._earlier(order, caller):
                return job
            self._check_line()
            id = uuid.uuid4().hex
            try:
                files = self._inputs(order, id)
                params = await asyncio.to_thread(
                    lambda: completed(
                        self.engine, params_of(order.members, **files), order.count, self._options
                    )
                )
            except BaseException:
                self.folder.remove_inputs(id)
                raise
            record = Record(
                id, caller.owner, caller.name, order.kind, "queued", params, order.count, order.key,
                order.digest, order.retries, None, time.time(), None,
            )  # fmt: skip
            self.store.add(record)
            return self._begin(Job(record, []))

    def find(self, id: str, owner: str) -> Job | None:
        """Also one that ended, or an earlier server's."""
        record = self.store.job(id)
        if record is None or record.owner != owner:
            return None
        return self._live.get(id) or self._ended(record)

    def jobs_of(self, caller: Caller) -> list[Job]:
        """The caller's that are not over, in the order of their arrival."""
        return [job for job in self._live.values() if job.record.caller == caller.name]

    def position(self, job: Job) -> int:
        """How many pictures of others come before its next one, about; 0: it is drawn or over."""
        if job.state != "queued" or job.id not in self._live:
            return 0
        before = list(self._live)
        return before.index(job.id)

    def answered(self, job: Job) -> None:
        """Its client has what it asked for: the same body once more is another request."""
        self.store.forget_digest(job.id)

    def cancel(self, job: Job) -> None:
        """What is drawn of it ends within a block of the network; its finished pictures stay."""
        job.is_cancelled = True
        job.ask_to_stop()

    @property
    def counts(self) -> tuple[int, int]:
        """Jobs that are drawn, and that wait."""
        running = sum(job.state == "running" for job in self._live.values())
        return running, len(self._live) - running

    @contextlib.contextmanager
    def attending(self, job: Job) -> Iterator[None]:
        """While somebody waits for it; when the last one goes the job is freed."""
        job.listeners += 1
        try:
            yield
        finally:
            job.listeners -= 1
            if not job.listeners and not job.ended.is_set() and job.record.kind != "job":
                wait = _RETRY_SECONDS if job.record.retries else 0.0
                asyncio.get_running_loop().call_later(wait, self._free, job)

    def begin_to_end(self) -> None:
        """No more orders; what waits is put back, what is drawn has a few seconds more."""
        if self._ending:
            return
        self._ending = True
        for job in list(self._live.values()):
            if job.state != "running":
                job.woken.set()
        loop = asyncio.get_running_loop()
        loop.call_later(_LAST_PICTURE_SECONDS, self._stop_all)

    async def close(self) -> None:
        self.begin_to_end()
        self._stop_all()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2.0)
        self.store.close()

    def _stop_all(self) -> None:
        for job in self._live.values():
            job.ask_to_stop()

    def _free(self, job: Job) -> None:
        if not job.listeners and not job.ended.is_set():
            self.cancel(job)

    def _earlier(self, order: Order, caller: Caller) -> Job | None:
        record = None
        if order.key is not None:
            record = self.store.by_key(caller.owner, order.key)
            if record and record.digest != order.digest:
                raise Refusal(
                    422,
                    "This Idempotency-Key was used for another request.",
                    "idempotency_key_reused",
                )
        elif order.repeated and order.digest:
            record = self.store.by_digest(caller.name, order.digest)
        if record is None:
            return None
        if job := self._live.get(record.id):
            return job
        if record.state == "cancelled":  # its client had gone, and is back
            self._inputs(order, record.id)
            self.store.set_state(record.id, "queued")
            return self._begin(Job(record, self.store.pictures_of(record.id)))
        return self._ended(record)

    def _ended(self, record: Record) -> Job:
        job = Job(record, self.store.pictures_of(record.id))
        job.end(record.state, record.error)
        return job

    def _check_line(self) -> None:
        _, waiting = self.counts
        if waiting >= self._options.longest_line:
            seconds = waiting * self.metrics.mean_picture_seconds / self._workers.count
            raise Refusal(
                429, f"{waiting} jobs are waiting already.", "queue_full",
                retry_after=min(60, max(1, round(seconds / 4))),
            )  # fmt: skip

    def _inputs(self, order: Order, id: str) -> dict[str, str]:
        images = {"init_image": order.image, "mask": order.mask}
        return {
            name: str(self.folder.write_input(id, name, image))
            for name, image in images.items()
            if image
        }

    def _begin(self, job: Job) -> Job:
        self._live[job.id] = job
        task = asyncio.create_task(self._run(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._count()
        return job

    def _count(self) -> None:
        running, waiting = self.counts
        self.metrics.running.set(running)
        self.metrics.waiting.set(waiting)

    async def _run(self, job: Job) -> None:
        """To its end, whatever that is."""
        state, error = "failed", None
        try:
            state = await self._draw_all(job)
        except zanime.ZanimeError as raised:
            error = failure(from_engine(raised))
        except WorkerDied as died:
            told = "The process that computes ended in the middle of the picture"
            want = ", perhaps for want of memory" if died.code == -9 else ""
            error = failure(Refusal(500, f"{told}{want}, {_ATTEMPTS} times.", "worker_died"))
        except (OSError, sqlite3.OperationalError) as raised:
            log_unexpected(raised)
            why = (
                raised.strerror if isinstance(raised, OSError) else ""
            ) or "its row was not written"
            error = failure(
                Refusal(507, f"The picture could not be kept: {why}.", "resource_error")
            )
        except Exception as raised:
            log_unexpected(raised)
            error = failure(Refusal(500, "This is a defect of the server; its log has more."))
        if state != "put back":
            try:
                self.store.set_state(job.id, state, error)
                self.folder.remove_inputs(job.id)
            except (OSError, sqlite3.Error) as raised:  # it is tried again by the next server
                log_unexpected(raised)
        if state in ("failed", "cancelled"):
            missing = job.record.count - len(job.pictures)
            self.metrics.pictures.labels(state).inc(missing)
        del self._live[job.id]
        self._count()
        job.end(state, error)

    async def _draw_all(self, job: Job) -> str:
        """The state in which it ends."""
        attempts = 0
        while not job.is_drawn:
            if job.is_cancelled or self._ending:
                return self._stopped(job)
            if self._adopt(job):
                continue
            asked = time.monotonic()
            ticket = self._line.join(f"program {job.record.caller}", is_bounded=False)
            entered = False
            try:
                await self._wait(job, ticket.turn)
                if job.is_cancelled or self._ending:
                    return self._stopped(job)
                self.metrics.queue_seconds.observe(time.monotonic() - asked)
                entered = True  # from here on the worker's end gives the place free
                picture = await self._draw(job, ticket)
            except WorkerDied:
                attempts += 1
                if attempts == _ATTEMPTS:
                    raise
                continue
            finally:
                if not entered:
                    self._line.leave(ticket)
                if job.state == "running":
                    job.state, job.step = "queued", None
                    self._count()
            if picture is None:
                return self._stopped(job)
            attempts = 0
            self._keep(job, picture)
        return "done"

    @staticmethod
    def _stopped(job: Job) -> str:
        return "cancelled" if job.is_cancelled else "put back"

    async def _wait(self, job: Job, turn: asyncio.Event) -> None:
        """Until it is its turn, or it is to be no more."""
        waits = [asyncio.create_task(event.wait()) for event in (turn, job.woken)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _draw(self, job: Job, ticket: Ticket) -> Picture | None:
        """None: it was stopped. The file is there when this returns."""
        params = job.record.params.replace(seed=seed_of(job.record.params, job.place))
        start = time.monotonic()
        job.state = "running"
        self._count()
        job.tell(Event("started"))
        result = None
        items: AsyncIterator[Any] = pumped(
            lambda: self._workers.run(params), job.stop, lambda: self._line.leave(ticket)
        )
        async for item in items:
            if isinstance(item, zanime.Result):
                result = item
            elif isinstance(item, Step):
                job.step = item
                if item.step:
                    self.metrics.step_seconds.observe(item.seconds)
                    job.tell(Event("step", step=item))
        if result is None:
            return None
        picture = self._picture(job, result.pictures[0].shape, result.parameters)
        await asyncio.to_thread(self.folder.write_picture, picture.id, result.png())
        seconds = time.monotonic() - start
        self.metrics.picture_took(seconds)
        return replace(picture, seconds=seconds)

    def _picture(self, job: Job, shape: tuple[int, ...], parameters: str) -> Picture:
        (height, width), place = shape[:2], job.place
        return Picture(
            f"{job.id}-{place}", job.id, job.record.owner, place, seed_of(job.record.params, place),
            width, height, parameters, 0.0, time.time(),
        )  # fmt: skip

    def _adopt(self, job: Job) -> bool:
        """A picture that is finished already, its row left out by a kill."""
        path = self.folder.picture(f"{job.id}-{job.place}")
        if not path.exists():
            return False
        facts = zanime.inspect(path)
        shape = (facts["height"], facts["width"])
        self._keep(job, self._picture(job, shape, facts.get("parameters", "")))
        return True

    def _keep(self, job: Job, picture: Picture) -> None:
        self.store.add_picture(picture)
        job.pictures.append(picture)
        self.metrics.pictures.labels("done").inc()
        for old in self.store.beyond(self._options.keep):
            self.folder.remove_picture(old)  # first the file: a row without one is found again
            self.store.remove_picture(old)
        job.tell(Event("picture", picture=picture))
