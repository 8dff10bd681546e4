"""The application: its parts, its routes, and what holds before all of them."""

import contextlib
import importlib.util
from collections.abc import AsyncIterator

import zanime
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from zanime.serve import a1111_routes, health_routes, jobs_routes, openai_routes
from zanime.serve.errors import HANDLERS
from zanime.serve.folder import Folder
from zanime.serve.guard import Guard
from zanime.serve.metrics import Metrics
from zanime.serve.options import Options
from zanime.serve.scheduler import Scheduler
from zanime.serve.service import Service
from zanime_space.line import Line
from zanime_space.workers import Workers


class Application:
    """An ASGI application. Raises OptionsError where its folder cannot be used."""

    def __init__(self, options: Options) -> None:
        options.check()
        self._folder = Folder(options.data)
        self._workers = Workers(options.devices)
        line = Line(self._workers.count, options.longest_line)
        metrics = Metrics(self._workers.pids)
        engine = zanime.Engine()
        self.scheduler = Scheduler(options, self._folder, self._workers, line, metrics, engine)
        self.routes = FastAPI(
            title="zanime",
            version=zanime.__version__,
            docs_url=None,  # it would load its scripts from elsewhere
            redoc_url=None,
            exception_handlers=HANDLERS,
            lifespan=self._lifespan,
        )
        self.routes.state.service = Service(options, self.scheduler, engine, metrics)
        for routes in (health_routes, openai_routes, a1111_routes):
            self.routes.include_router(routes.router)
        if options.lasting:
            self.routes.include_router(jobs_routes.router)
        if options.page and importlib.util.find_spec("gradio"):
            from zanime.serve.page import mount_page

            mount_page(self.routes, self._workers, line)
        self._guarded: ASGIApp = Guard(self.routes, options)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._guarded(scope, receive, send)

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        await self.scheduler.start()
        try:
            yield
        finally:
            await self.scheduler.close()
            self._workers.close()
            self._folder.close()


def create_app(options: Options | None = None) -> Application:
    return Application(options or Options())
