"""The page of zanime_space at `/`, in one line with the programs."""

from fastapi import FastAPI
from zanime_space.line import Line
from zanime_space.workers import Workers


def mount_page(app: FastAPI, workers: Workers, line: Line) -> None:
    # spaces has to be imported before anything that may touch a device; `compute` does it.
    from zanime_space import compute, look  # noqa: I001
    from zanime_space.bootstrap import Bootstrap
    from zanime_space.page import build
    from zanime_space.settings import Settings

    import gradio as gr

    compute.share(workers)
    settings = Settings.from_environment()
    bootstrap = Bootstrap()
    if settings.bootstrap:
        bootstrap.start(settings.bootstrap, settings.revision)
    page = build(settings, bootstrap, line).queue(default_concurrency_limit=8)
    gr.mount_gradio_app(app, page, path="/", theme=look.theme(), **look.MOUNT)
