"""The heavy call as ZeroGPU runs it: in a process that is forked for it, for a declared time."""

import os
import subprocess
import sys
import textwrap

from conftest import PROMPT, ROOT

# What matters of the package: GPU(duration) forks, hands items over pickled, and closes the
# generator in the child when the page closes its own.
FAKE = """
import functools, multiprocessing, inspect

context = multiprocessing.get_context("fork")
declared = []


class config:
    class Config:
        zero_gpu = True


def GPU(duration):
    def decorate(task):
        assert inspect.isgeneratorfunction(task)

        @functools.wraps(task)
        def handler(*arguments):
            declared.append(duration(*arguments))
            if declared[-1] > 120:
                import gradio as gr
                raise gr.Error("The requested GPU duration is larger than the maximum allowed",
                               title="ZeroGPU illegal duration")
            items, stop = context.Queue(), context.Event()

            def work():
                generator = task(*arguments)
                for item in generator:
                    if stop.is_set():
                        generator.close()
                        break
                    items.put(item)
                items.put(StopIteration)

            child = context.Process(target=work)
            child.start()
            try:
                while (item := items.get(timeout=60)) is not StopIteration:
                    yield item
            finally:
                stop.set()
                while not items.empty() or child.is_alive():
                    try:
                        items.get(timeout=0.1)
                    except Exception:
                        pass
                child.join()
                assert child.exitcode == 0

        return handler

    return decorate
"""

CODE = """
import sys, types

sys.path.insert(0, {space!r})
import spaces
sys.modules["spaces.config"] = spaces.config

import zanime
from zanime_space import compute, messages
from zanime_space.pictures import Step

assert compute.ON_ZEROGPU
params = zanime.Engine().complete(zanime.GenerationParams({prompt!r}, seed=7, steps=2))
for _ in range(2):
    items = list(compute.compute(params))
    assert isinstance(items[-1], zanime.Result)
    assert any(isinstance(item, Step) and item.step == 2 for item in items)
    assert items[-1].png() == zanime.Engine().generate(params).png()
assert 2 <= spaces.declared[-1] < 10, spaces.declared

slow = compute.compute(params.replace(width=256, height=256, steps=100, seed=8))
while next(slow) is None:
    pass
slow.close()

try:
    list(compute.compute(params.replace(vae="nowhere.safetensors")))
except zanime.FileError as error:
    assert "nowhere" in str(error)
else:
    raise AssertionError
try:
    list(compute.compute(params.replace(width=4096, height=4096, steps=100, batch=16)))
except Exception as error:
    assert "Lower the size" in messages.refusal(error).message
else:
    raise AssertionError
print("all is well")
"""


def test_the_heavy_call_runs_in_a_forked_process(tmp_path):
    (tmp_path / "spaces.py").write_text(FAKE)
    code = CODE.format(space=str(ROOT / "space"), prompt=PROMPT)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    made = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert made.returncode == 0 and "all is well" in made.stdout, made.stderr
    assert PROMPT not in made.stderr + made.stdout


def test_without_the_package_the_decorator_does_nothing(tmp_path):
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'space')!r}); sys.modules['spaces'] = None\n"
        "from zanime_space import compute\n"
        "assert not compute.ON_ZEROGPU and compute.spaces is None\n"
        "f = lambda: 1\n"
        "assert compute.gpu(lambda: 5)(f) is f\n"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
