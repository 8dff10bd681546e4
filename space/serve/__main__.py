"""`python -m zanime.serve`: listens until it is told to end."""

import asyncio
import logging
import os
import sys
from types import FrameType

import uvicorn
from zanime.serve.application import Application
from zanime.serve.options import OptionsError, is_loopback, read_options

# From the signal to the end: what is drawn has a little less (scheduler.py).
_GRACE_SECONDS = 7


class _Server(uvicorn.Server):
    """Tells the queue first, so that those who wait are answered before their connections end."""

    def __init__(self, config: uvicorn.Config, application: Application) -> None:
        super().__init__(config)
        self._application = application
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit:
            self.force_exit = True
        self.should_exit = True
        if self._loop:
            self._loop.call_soon_threadsafe(self._application.scheduler.begin_to_end)


def main(arguments: list[str] | None = None) -> int:
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(name)s: %(message)s", stream=sys.stderr
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    try:
        options = read_options(arguments)
        application = Application(options)
    except OptionsError as error:
        print(error, file=sys.stderr)
        return 2
    config = uvicorn.Config(
        application,
        host=options.host,
        port=options.port,
        log_level="warning",
        log_config=None,
        access_log=False,  # guard.py's has no query strings
        server_header=False,
        proxy_headers=False,  # nobody else's word for who asks
        timeout_graceful_shutdown=_GRACE_SECONDS,
        h11_max_incomplete_event_size=64 * 1024,
    )
    host = f"[{options.host}]" if ":" in options.host else options.host
    needed = "a token is needed" if options.tokens else "no token is needed"
    reach = "" if is_loopback(options.host) else "; use TLS in front of it"
    print(f"zanime serves on http://{host}:{options.port} ({needed}{reach})", file=sys.stderr)
    server = _Server(config, application)
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
