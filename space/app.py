"""The Space. Run by the platform, or at home by `./zanime space`."""

import argparse
import importlib.util
import logging
import os
import subprocess
import sys
from pathlib import Path

if not importlib.util.find_spec("zanime"):  # on the platform: the wheel of `--folder`
    wheels = map(str, Path(__file__).parent.glob("wheels/zanime-*.whl"))
    subprocess.run([sys.executable, "-m", "pip", "install", "--no-deps", *wheels], check=True)
    importlib.invalidate_caches()

# spaces has to be imported before anything that may touch a device; `compute` does it.
from zanime_space import compute as _  # noqa: E402, F401, I001
from zanime_space import look  # noqa: E402
from zanime_space.bootstrap import Bootstrap  # noqa: E402
from zanime_space.page import build  # noqa: E402
from zanime_space.settings import Settings  # noqa: E402

settings = Settings.from_environment()
bootstrap = Bootstrap()
if settings.bootstrap:
    bootstrap.start(settings.bootstrap, settings.revision)
demo = build(settings, bootstrap)


def main() -> None:
    on_platform = "SPACE_ID" in os.environ
    parser = argparse.ArgumentParser(prog="zanime space", description="The page in a browser.")
    parser.add_argument("--host", default="0.0.0.0" if on_platform else "127.0.0.1")
    parser.add_argument("--port", type=int, default=7860)
    options = parser.parse_args()
    logging.getLogger("httpx").setLevel(logging.WARNING)
    demo.queue(default_concurrency_limit=8).launch(
        server_name=options.host,
        server_port=options.port,
        theme=look.theme(),
        share=False,
        **look.MOUNT,
    )


if __name__ == "__main__":
    main()
