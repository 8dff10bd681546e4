"""Forks, signals, logs: what is about the process and not about the picture."""

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest
import zanime
from conftest import PROMPT

fork = multiprocessing.get_context("fork")


def make(engine, pipe):
    pipe.send(engine.generate(zanime.GenerationParams(PROMPT, seed=7, steps=2)))


def in_child(engine):
    ours, theirs = fork.Pipe()
    child = fork.Process(target=make, args=(engine, theirs))
    child.start()
    assert ours.poll(60), "the child hangs"
    result = ours.recv()
    child.join(20)
    assert child.exitcode == 0
    return result


def test_an_engine_of_the_parent_works_in_a_forked_child():
    fresh = zanime.Engine()
    first = in_child(fresh)
    assert in_child(fresh).png() == first.png()
    # Also where the parent has computed, and its threads are gone in the child.
    here = fresh.generate(zanime.GenerationParams(PROMPT, seed=7, steps=2))
    assert here.png() == first.png()
    assert in_child(fresh).png() == first.png()


def test_a_fork_while_another_thread_computes_works_too(engine):
    cancel, first = zanime.CancelToken(), threading.Event()

    def work():
        with pytest.raises(zanime.CancelledError):
            engine.generate(
                zanime.GenerationParams(PROMPT, width=256, height=256, steps=100),
                lambda _: first.set(),
                cancel,
            )

    thread = threading.Thread(target=work)
    thread.start()
    assert first.wait(60)
    result = in_child(engine)
    cancel.cancel()
    thread.join(30)
    assert result.pictures


def run_python(code: str, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        **options,
    )


def test_ctrl_c_ends_a_run():
    # A shell that starts the tests in the background has them ignore the signal.
    child = run_python("""
        import signal, zanime
        signal.signal(signal.SIGINT, signal.default_int_handler)
        engine = zanime.Engine()
        params = zanime.GenerationParams(width=512, height=512, steps=100)
        engine.generate(params, lambda progress: print(progress.event, flush=True))
        """)
    assert child.stdout.readline()
    start = time.monotonic()
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=30)
    assert "KeyboardInterrupt" in errors and time.monotonic() - start < 5


def test_import_and_construction_start_no_threads_and_read_no_model():
    child = run_python("""
        import os, zanime
        engine = zanime.Engine()
        params = engine.complete(zanime.GenerationParams("a"))
        assert params.uses_builtin_model
        assert len(os.listdir("/proc/self/task")) == 1, os.listdir("/proc/self/task")
        maps = open("/proc/self/maps").read()
        assert "safetensors" not in maps and "libcuda" not in maps
        """)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors


def test_warnings_go_to_pythons_logging(engine, caplog):
    with caplog.at_level(logging.WARNING, "zanime"):
        graph = engine.generate(zanime.GenerationParams(PROMPT, seed=1, steps=1)).graph
        graph["99"] = {"class_type": "Unknown", "inputs": {}}
        engine.run(graph)
    assert any("Unknown" in record.message for record in caplog.records)
    assert PROMPT not in caplog.text


def test_prompts_are_not_printed():
    child = run_python(
        """
        import zanime
        zanime.Engine().generate(zanime.GenerationParams("xyzzy", steps=1))
        """,
        env={**os.environ},
    )
    out, errors = child.communicate(timeout=60)
    assert child.returncode == 0 and "xyzzy" not in out + errors
