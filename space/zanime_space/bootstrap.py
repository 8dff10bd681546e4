"""Fetches the official model files at the first start, while the page already works."""

import html
import threading
from dataclasses import dataclass

import zanime

from .messages import log


@dataclass
class Download:
    file: str = ""
    done: int = 0
    total: int = 0


class Bootstrap:
    """Does nothing before start()."""

    def __init__(self) -> None:
        self._download = Download()
        self._error = ""
        self._thread: threading.Thread | None = None
        self._cancel = zanime.CancelToken()

    def start(self, quant: str, revision: str | None = None) -> None:
        self._thread = threading.Thread(target=self._fetch, args=(quant, revision), daemon=True)
        self._thread.start()

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def banner(self) -> str:
        """HTML, empty where there is nothing to say."""
        if self._error:
            return (
                '<div class="zn-banner">The full model could not be fetched: '
                f"{html.escape(self._error)}</div>"
            )
        if not self.running:
            return ""
        now = self._download
        if not now.total:
            return '<div class="zn-banner">Asking for the full model…</div>'
        share = now.done / now.total
        return (
            '<div class="zn-banner">The full model is on its way: '
            f"{html.escape(now.file)}, {_size(now.done)} of {_size(now.total)}"
            f'<div class="zn-bar"><i style="width:{share:.1%}"></i></div></div>'
        )

    def _fetch(self, quant: str, revision: str | None) -> None:
        def report(file: str, done: int, total: int) -> None:
            self._download = Download(file, done, total)

        try:
            zanime.fetch(quant=quant, revision=revision, on_progress=report, cancel=self._cancel)
        except zanime.ZanimeError as error:
            self._error = str(error)
            log.warning("the model files could not be fetched: %s", error)


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
