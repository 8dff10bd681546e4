"""The Space. Run by the platform, or at home by `./zanime space`."""

import os

from zanime_space import look
from zanime_space.bootstrap import Bootstrap
from zanime_space.page import build
from zanime_space.settings import Settings

settings = Settings.from_environment()
bootstrap = Bootstrap()
if settings.bootstrap:
    bootstrap.start(settings.bootstrap)
demo = build(settings, bootstrap)

if __name__ == "__main__":
    demo.queue(default_concurrency_limit=8).launch(
        server_name=os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"),
        server_port=int(os.environ.get("GRADIO_SERVER_PORT", "7860")),
        theme=look.theme(),
        css=look.CSS,
        head=look.HEAD,
        footer_links=["api"],
        run_history=False,  # prompts are nobody else's business
        share=False,
        max_file_size="50mb",
    )
