"""What the server is told when it starts. Wrong or dangerous options end it before it listens."""

import argparse
import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path

import zanime


class OptionsError(Exception):
    """A sentence for whoever starts the server."""


@dataclass(frozen=True)
class Options:
    host: str = "127.0.0.1"
    port: int = 7860
    # Name of its holder by token; empty: whoever reaches the port may use it.
    tokens: dict[str, str] = field(default_factory=dict)
    origins: tuple[str, ...] = ()  # of other pages that may call
    hosts: tuple[str, ...] = ()  # further names by which this server is called
    data: Path = field(default_factory=lambda: default_data())
    devices: tuple[str, ...] = ()  # one worker each; none: one that chooses
    page: bool = True
    lasting: bool = True  # the routes of jobs and of the gallery
    longest_line: int = 256  # jobs that wait, of all callers
    most_pictures: int = 10  # of one request
    most_pixels: int = 4096 * 4096 // 4  # of one picture, after a second pass
    most_steps: int = 100
    largest_body: int = 64 * 2**20  # bytes
    keep: int = 10_000  # pictures in the gallery; the oldest go

    def check(self) -> "Options":
        if not is_loopback(self.host) and not self.tokens:
            raise OptionsError(
                f"{self.host} can be reached from other machines, so a token is needed: write one "
                "of 16 characters or more into a file and name it with --token-file, or set "
                "ZANIME_TOKEN. Without a token the server listens on 127.0.0.1 alone."
            )
        for token, name in self.tokens.items():
            if len(token) < 16 or not token.isascii() or not token.isprintable() or " " in token:
                raise OptionsError(
                    f"The token of {name or 'the server'} must have 16 or more printable ASCII "
                    "characters without spaces, for example of: openssl rand -hex 32"
                )
        for origin in self.origins:
            if not origin.startswith(("http://", "https://")) or origin.count("/") != 2:
                raise OptionsError(
                    f"--allow-origin takes SCHEME://HOST[:PORT] as browsers send it, not {origin}"
                )
        return self


def default_data() -> Path:
    """Beside the models: in the user's data folder."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    return Path(base) / "zanime" / "serve"


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def read_options(arguments: list[str] | None = None) -> Options:
    """Of the command line and the environment. Raises OptionsError."""
    parser = argparse.ArgumentParser(
        prog="zanime serve", description="The page, and routes for programs, in one server."
    )
    default = Options()
    parser.add_argument("--host", default=default.host, help="address to listen on")
    parser.add_argument("--port", type=int, default=default.port)
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="a token a line, or NAME:TOKEN; also ZANIME_TOKEN",
    )
    parser.add_argument("--allow-origin", action="append", default=[], metavar="ORIGIN")
    parser.add_argument("--allow-host", action="append", default=[], metavar="NAME")
    parser.add_argument("--data", type=Path, default=default.data, help="queue and gallery")
    parser.add_argument(
        "--device",
        action="append",
        default=[],
        metavar="NAME",
        help="cpu, cuda:N (repeatable: a worker each); by default one that chooses",
    )
    parser.add_argument("--no-page", action="store_true", help="only the routes for programs")
    parser.add_argument("--queue", type=int, default=default.longest_line, metavar="N")
    parser.add_argument("--max-pictures", type=int, default=default.most_pictures, metavar="N")
    parser.add_argument("--max-pixels", type=int, default=default.most_pixels, metavar="N")
    parser.add_argument("--max-steps", type=int, default=default.most_steps, metavar="N")
    parser.add_argument("--keep", type=int, default=default.keep, metavar="N")
    parser.add_argument("--version", action="version", version=zanime.__version__)
    given = parser.parse_args(arguments)
    for name in ("queue", "max_pictures", "max_pixels", "max_steps", "keep"):
        if getattr(given, name) < 1:
            raise OptionsError(f"--{name.replace('_', '-')} must be 1 or more")
    return Options(
        host=given.host,
        port=given.port,
        tokens=_tokens(given.token_file),
        origins=tuple(origin.rstrip("/") for origin in given.allow_origin),
        hosts=tuple(given.allow_host),
        data=given.data,
        devices=tuple(given.device),
        page=not given.no_page,
        longest_line=given.queue,
        most_pictures=given.max_pictures,
        most_pixels=given.max_pixels,
        most_steps=given.max_steps,
        keep=given.keep,
    ).check()


def _tokens(file: Path | None) -> dict[str, str]:
    lines = [os.environ.get("ZANIME_TOKEN", "")]
    if file:
        try:
            lines += file.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise OptionsError(f"The token file {file} cannot be read: {error}") from None
    found: dict[str, str] = {}
    for line in map(str.strip, lines):
        if line and not line.startswith("#"):
            name, colon, token = line.rpartition(":")
            found[token] = name if colon else ""
    if file and not found:
        raise OptionsError(f"The token file {file} holds no token.")
    return found
