"""`zanime batch`: the job as a command, with what it says while it works."""

import argparse
import importlib.util
import logging
import sys
import time
from pathlib import Path

import zanime
from zanime.batch.drawer import Settings
from zanime.batch.job import MANIFEST, Job, Outcome, run
from zanime.batch.pictures import FORMATS
from zanime.batch.rows import BatchError

_SAY_SECONDS = 10.0  # between two lines where nobody sees a terminal


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    logging.getLogger("zanime").setLevel(logging.ERROR)
    if options.ray and not importlib.util.find_spec("ray"):
        print("--ray needs Ray: pip install 'zanime[cluster]'", file=sys.stderr)
        return 2
    defaults = {
        name: value
        for name in (
            "negative_prompt",
            "width",
            "height",
            "steps",
            "cfg",
            "sampler",
            "scheduler",
            "model",
        )
        if (value := getattr(options, name)) is not None
    }
    job = Job(
        source=options.source,
        settings=Settings(
            # Actors have folders of their own as current ones.
            str(options.output.absolute()),
            options.format,
            str(options.models_root.absolute()) if options.models_root else None,
            options.device,
            options.compute,
            options.threads,
        ),
        defaults=defaults,
        retry_failed=options.retry_failed,
        batch_size=options.batch_size,
        ray=options.ray,
        workers=options.workers,
    )
    progress = _Progress()
    try:
        outcome = run(job, progress.say)
    except BatchError as error:
        print(error, file=sys.stderr)
        return 2
    except zanime.ZanimeError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on.", file=sys.stderr)
        return 130
    progress.end()
    _tell(outcome, options.output)
    return 1 if outcome.failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="zanime batch",
        description="Draws every row of a JSONL, CSV or Parquet file, or of a folder of texts. The "
        "same command goes on where it was stopped.",
    )
    parser.add_argument("source", type=Path, help="FILE.jsonl, .csv, .parquet or a folder of .txt")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--format", choices=FORMATS, default="png")
    parser.add_argument("--retry-failed", action="store_true", help="try rows with errors again")
    parser.add_argument("--batch-size", type=_positive, default=16, metavar="N")
    parser.add_argument("--ray", metavar="auto|ADDRESS", help="on a Ray cluster")
    parser.add_argument("--workers", type=_positive, metavar="N", help="default: one a device")
    parser.add_argument("--models-root", type=Path, metavar="DIR")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--compute", default="auto")
    parser.add_argument("--threads", type=_positive)
    group = parser.add_argument_group("of rows that do not say it")
    group.add_argument("--negative", dest="negative_prompt")
    for name, kind in (("width", int), ("height", int), ("steps", int), ("cfg", float),
                       ("sampler", str), ("scheduler", str), ("model", str)):  # fmt: skip
        group.add_argument(f"--{name}", type=kind)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


class _Progress:
    """Rate, time left and failures: one line that changes on a terminal, else one now and then."""

    def __init__(self) -> None:
        self._start = self._said = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def say(self, done: int, total: int, failed: int) -> None:
        now = time.monotonic()
        if not self._terminal and now - self._said < _SAY_SECONDS and done < total:
            return
        self._said = now
        rate = done / max(now - self._start, 1e-9)
        left = (total - done) / rate if rate else 0.0
        text = f"{done} of {total}, {rate:.2f} a second, {_duration(left)} left, {failed} failed"
        print(f"\r{text}\033[K" if self._terminal else text, end="" if self._terminal else "\n",
              file=sys.stderr, flush=True)  # fmt: skip

    def end(self) -> None:
        if self._terminal:
            print(file=sys.stderr)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _tell(outcome: Outcome, output: Path) -> None:
    before = f", {outcome.before} were there before" if outcome.before else ""
    print(
        f"{outcome.drawn} pictures in {outcome.seconds:.1f} s, {outcome.failed} failed{before}. "
        f"{output / MANIFEST}"
    )


if __name__ == "__main__":
    sys.exit(main())
