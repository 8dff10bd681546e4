"""The server: the page, and routes for programs beside it, in one FastAPI application.

    python -m zanime.serve

``create_app`` makes the application for other ASGI servers; Options says what it takes. The package
comes with ``pip install zanime[serve]``, the page with ``zanime[space]``.
"""

from zanime.serve.application import create_app
from zanime.serve.options import Options, OptionsError

__all__ = ["Options", "OptionsError", "create_app"]
