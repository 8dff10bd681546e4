"""Errors as a visitor reads them: a sentence that says what to do, never a stack trace."""

import html
import logging
import re
import traceback

import gradio as gr
import zanime

from .compute import PlatformFailed
from .line import LineFull
from .worker import WorkerDied

log = logging.getLogger("zanime.space")

_TITLES = {
    zanime.UsageError: "Please change the settings",
    zanime.GraphError: "The workflow is wrong",
    zanime.FileError: "A file is missing or damaged",
    zanime.NumericError: "No picture came out",
    zanime.ResourceError: "This machine is short of something",
}

# What ZeroGPU says, by words in the title of its error and its message. The first that fits counts:
# where no GPU was free, the title may still speak of a quota.
_REFUSALS = {
    "illegal duration": "This picture would take longer than one call may on this platform. "
    "Lower the size, the steps or the number of pictures.",
    "pending credits": "Too many of your pictures are being made at once. Wait until one is done.",
    "no gpu was available after": "No GPU was free for a minute. Try again; a smaller size or "
    "fewer steps wait for a shorter time.",
    "no gpu was available": "No GPU was free. Try again in a minute.",
    "its gpu limit": "This Space has used up its GPU time for visitors who are not signed in. Sign "
    "in to Hugging Face, or try again later.",
    "runs limit": "You have made as many pictures as the platform allows for now. Try again later; "
    "signing in to Hugging Face gives more.",
    "quota exceeded": "Your GPU time is too short for this picture. A smaller size, fewer steps "
    "or one picture at a time may still fit; signing in to Hugging Face gives more.",
    "task aborted": "The platform ended the task before the picture was done. Lower the size, the "
    "steps or the number of pictures, and try again.",
    "expired": "The page has been open for too long. Reload it and try again.",
    "worker error": "The worker of the platform failed. Try again; if it happens again, lower the "
    "size or the number of pictures.",
}


def refusal(error: BaseException) -> gr.Error:
    """The toast for anything that went wrong, ready to be raised."""
    title, sentence = _told(error)
    return gr.Error(
        html.escape(sentence, quote=False), title=title, duration=15, print_exception=False
    )


def _told(error: BaseException) -> tuple[str, str]:
    if isinstance(error, zanime.ZanimeError):
        for kind, title in _TITLES.items():
            if isinstance(error, kind):
                return title, str(error)
    if isinstance(error, WorkerDied):
        return "The picture was lost", (
            "The process that computes ended in the middle of the picture"
            + (", perhaps for want of memory" if error.code == -9 else "")
            + ". A new one is ready: try again, with a smaller size or batch if this repeats."
        )
    if isinstance(error, LineFull):
        return "Too many are waiting", "Please try again in a few minutes."
    if isinstance(error, gr.Error):
        return _refused_by_platform(error)
    if isinstance(error, PlatformFailed):
        _log(error.__cause__ or error)
        return "The platform failed", (
            "ZeroGPU did not answer as it should. Try again in a minute; the log of the Space has "
            "the details."
        )
    if isinstance(error, OSError):
        return "This machine is short of something", (
            f"{error.strerror or 'A file could not be written'}. Whoever runs this page can help: "
            "free some disk space, or look at the folder's permissions."
        )
    _log(error)
    return "Something went wrong here", (
        "This is a defect of the page. Try again; the log of the Space has the details."
    )


def _log(error: BaseException) -> None:
    """Where, but not the message: it may hold what a visitor wrote."""
    log.error(
        "unexpected %s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__))
    )


def _refused_by_platform(error: gr.Error) -> tuple[str, str]:
    said = f"{error.title} {error.message}"
    for words, sentence in _REFUSALS.items():
        if words in said.lower():
            return "The platform refused", sentence + _seconds_left(said)
    return error.title, str(error.message)


def _seconds_left(said: str) -> str:
    found = re.search(r"\((\d+)s requested vs\. (-?\d+)s left\)\. Try again in ([^.]+)\.", said)
    if not found:
        return ""
    requested, left, wait = found.groups()
    return f" It asks for {requested} s, {max(int(left), 0)} s are left; more comes in {wait}."
