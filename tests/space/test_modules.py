"""The parts of the Space that need no page."""

import asyncio
import os
import re
import signal
import threading
import types

import gradio as gr
import pytest
import zanime
from conftest import PROMPT, ROOT
from zanime_space import bootstrap, compute, duration, messages, offers, pump, views, worker
from zanime_space.history import save_pictures, with_result
from zanime_space.line import Line, LineFull
from zanime_space.request import params_from
from zanime_space.settings import Settings

VALUES = {
    "prompt": PROMPT, "negative_prompt": None, "width": None, "height": None, "steps": 8, "cfg": 1,
    "sampler": "euler", "scheduler": "simple", "shift": 3.0, "seed": "", "batch": 1, "model": None,
    "adapters": [], "adapter_strength": 1.0, "init_image": None, "strength": 0.6,
    "control": None, "control_image": None, "control_strength": 1.0, "control_canny": False,
}  # fmt: skip


def test_values_of_the_page_become_a_request():
    assert params_from(**VALUES) == zanime.GenerationParams(PROMPT)
    assert params_from(**{**VALUES, "model": offers.AUTOMATIC}).model == ""
    assert params_from(**{**VALUES, "model": "m.safetensors"}).model == "m.safetensors"
    params = params_from(
        **{
            **VALUES,
            "seed": " 18446744073709551615 ",
            "width": 128.0,
            "cfg": 4,
            "adapters": ["a", "b:-0.5", "c:x"],
            "adapter_strength": 0.7,
            "init_image": "p.png",
        }
    )
    assert (params.seed, params.width, params.cfg) == (2**64 - 1, 128, 4.0)
    assert params.loras == [("a", 0.7), ("b", -0.5), ("c:x", 0.7)]
    assert (params.init_image, params.strength) == ("p.png", 0.6)
    assert params_from(**{**VALUES, "control": "c"}).control == ""
    params = params_from(
        **{**VALUES, "control": "c", "control_image": "q.png", "control_canny": True}
    )
    assert (params.control, params.control_image) == ("c", "q.png")
    assert (params.control_strength, params.control_canny) == (1.0, True)


@pytest.mark.parametrize(
    "seed", ["-1", "abc", "1.5", "1_0", "１２", "9" * 5000, "18446744073709551616"]
)
def test_what_is_no_seed_is_told_by_the_engine(seed):
    with pytest.raises(zanime.UsageError, match="seed is "):
        params_from(**{**VALUES, "seed": seed})


def test_the_engine_sees_the_card_that_is_lent(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    platform = types.SimpleNamespace(init=lambda card: None)
    compute.show_cards_to_engine(platform)
    platform.init("GPU-1")
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "GPU-1"
    # What is replaced is what the platform calls.
    from spaces.zero import torch, wrappers

    assert wrappers.torch is torch and callable(torch.init)


def test_visitors_take_turns():
    async def run():
        line = Line()
        first = line.join("a")
        waiting = [line.join(visitor) for visitor in ("a", "a", "b", "c")]
        assert first.turn.is_set()
        # b and c have had no turn yet, a has.
        assert [line.before(ticket) for ticket in waiting] == [3, 4, 1, 2]
        line.leave(waiting[2])  # b gives up
        line.leave(first)
        assert [ticket.turn.is_set() for ticket in waiting] == [False, False, False, True]
        line.leave(waiting[3])
        line.leave(waiting[3])  # twice does no harm
        assert waiting[0].turn.is_set() and not waiting[1].turn.is_set()
        full = Line(longest=1)
        full.join("a"), full.join("a")
        with pytest.raises(LineFull):
            full.join("b")

    asyncio.run(run())


def test_a_blocking_iterator_is_closed_when_told():
    ended = []

    def numbers():
        try:
            yield from range(10**9)
        finally:
            ended.append("closed")

    async def run():
        stop = threading.Event()
        seen = []
        async for number in pump.pumped(numbers, stop, lambda: ended.append("told")):
            seen.append(number)
            if number == 3:
                stop.set()
        assert seen[:4] == [0, 1, 2, 3] and ended == ["closed", "told"]

        def fails():
            yield 1
            raise KeyError("x")

        with pytest.raises(KeyError):
            async for _ in pump.pumped(fails, threading.Event(), lambda: None):
                pass

    asyncio.run(run())


def test_who_listens_to_a_silent_iterator_may_leave():
    silence, told = threading.Event(), []

    def silent():
        yield 1
        silence.wait(60)

    async def run():
        stop = threading.Event()
        seen = []
        async for item in pump.pumped(silent, stop, lambda: told.append("over")):
            seen.append(item)
            if len(seen) == 3:
                stop.set()
        assert seen == [1, None, None] and not told
        silence.set()
        while not told:  # the place is free when the work is over, and not before
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(run(), 30))


def test_the_declared_duration_follows_the_work():
    def seconds(loaded=True, **members):
        params = zanime.GenerationParams(**{"width": 1024, "height": 1024, **members})
        return duration.declared_seconds(params, duration.Pace(20, 0.2, 0.5), loaded)

    assert seconds() == 3 and seconds(loaded=False) == 28
    assert seconds(batch=4) > seconds(batch=2) > seconds()
    assert seconds(steps=50) > seconds(steps=20)
    assert seconds(steps=20, cfg=4) > seconds(steps=20)
    assert seconds(steps=50, width=512, height=512) < seconds(steps=50)
    assert seconds(steps=50, init_image="p", strength=0.2) < seconds(steps=50)
    assert seconds(width=64, height=64, steps=1) == 2
    most = seconds(width=4096, height=4096, steps=100, batch=16, cfg=4, loaded=False)
    assert most < 24 * 3600  # the package `spaces` drops whole days


def test_the_pace_follows_what_was_seen():
    result = zanime.Engine().generate(zanime.GenerationParams(PROMPT, seed=1, steps=2))
    pace = duration.Pace(1000.0, 1000.0, 1000.0)
    learnt = pace.learn(result)
    assert learnt.load < 1000 and learnt.step < 1000 and learnt.decode < 1000


def test_unexpected_errors_are_logged_without_what_visitors_wrote(caplog):
    try:
        raise ValueError(PROMPT)
    except ValueError as error:
        toast = messages.refusal(error)
    assert "Try again" in toast.message and PROMPT not in toast.message
    assert "unexpected ValueError" in caplog.text and PROMPT not in caplog.text


def test_errors_are_text_and_no_markup():
    toast = messages.refusal(zanime.UsageError('sampler "<img src=x>" & co'))
    assert toast.message == 'sampler "&lt;img src=x&gt;" &amp; co'
    assert "&lt;img" in views.failed(toast.message) and "<img" not in views.failed(toast.message)
    full = messages.refusal(OSError(28, "No space left on device"))
    assert "No space left" in full.message and "free some disk space" in full.message


def test_the_worker_is_kept_stopped_and_replaced():
    params = zanime.GenerationParams(PROMPT, seed=7, steps=2)
    slow = params.replace(steps=100, width=256, height=256)
    compute = worker.Worker()
    try:
        first = [item for item in compute.run(params) if isinstance(item, zanime.Result)]
        assert first[0].png() == zanime.Engine().generate(params).png()
        pid = compute.pid

        items = compute.run(slow)
        while next(items) is None:
            pass
        items.close()  # stops it, and the process goes on
        again = [item for item in compute.run(params) if isinstance(item, zanime.Result)]
        assert again[0].png() == first[0].png() and compute.pid == pid

        with pytest.raises(zanime.FileError, match="nowhere"):
            list(compute.run(params.replace(model="nowhere.safetensors")))

        items = compute.run(slow)
        while next(items) is None:
            pass
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(worker.WorkerDied) as died:
            list(items)
        assert died.value.code == -signal.SIGKILL
        assert "want of memory" in messages.refusal(died.value).message
        assert [1 for item in compute.run(params) if isinstance(item, zanime.Result)] == [1]
        assert compute.pid != pid
    finally:
        compute.close()


def test_history_is_newest_first_with_the_programs_files(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "served"))
    result = zanime.Engine().generate(zanime.GenerationParams(PROMPT, seed=7, steps=1, batch=2))
    saved = save_pictures(result)
    assert [re.sub(".*/", "", file) for file in saved] == ["zanime_7_1.png", "zanime_7_2.png"]
    assert open(saved[0], "rb").read() == result.png(0)
    entries = with_result([], result, saved[:1])
    entries = with_result(entries, result, saved[1:])
    assert [entry.file for entry in entries] == [saved[1], saved[0]]


def test_too_large_a_picture_for_the_small_model_is_told():
    params = zanime.Engine().complete(zanime.GenerationParams())
    assert views.strain(params) == ""
    assert "256 x 128 will be rougher" in views.strain(params.replace(width=256))
    assert "512 x 128 will fall apart" in views.strain(params.replace(width=512))


def test_the_environment_is_read(monkeypatch):
    for text, quant, revision in [
        ("", None, None),
        ("0", None, None),
        ("fp8", "fp8", None),
        ("BF16", "bf16", None),
        ("1", "fp8", None),
        ("bf16@main", "bf16", "main"),
        ("fp8@", "fp8", None),
    ]:
        monkeypatch.setenv("ZANIME_BOOTSTRAP", text)
        found = Settings.from_environment()
        assert (found.bootstrap, found.revision) == (quant, revision)


def test_a_bootstrap_that_may_not_fetch_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("ZANIME_DISABLE_COMFY_SOURCE_FETCH", "1")
    monkeypatch.setenv("ZANIME_MODELS_ROOT", str(tmp_path))
    work = bootstrap.Bootstrap()
    assert work.banner() == ""
    work.start("fp8")
    work._thread.join(30)
    assert "ZANIME_DISABLE_COMFY_SOURCE_FETCH" in work.banner() and not work.running


def test_what_is_offered_fits_the_model(tmp_path, monkeypatch):
    offers.engine.cache_clear()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    small = offers.offers()
    assert small.is_small and "no model files" in small.note
    assert [size for _, size in small.sizes][:2] == ["automatic", "128x128"]
    offers.engine.cache_clear()


def test_the_folder_is_a_whole_space():
    front = (ROOT / "space/README.md").read_text().split("---")[1]
    facts = dict(re.findall(r"^(\w+): (.*)$", front, re.M))
    assert facts["sdk"] == "gradio" and facts["app_file"] == "app.py"
    assert facts["sdk_version"] == gr.__version__
    requirements = (ROOT / "space/requirements.txt").read_text()
    assert f"gradio=={gr.__version__}\n" in requirements
    assert re.fullmatch(r'"3\.\d+"', facts["python_version"])
    sources = (ROOT / "MODELS_SOURCE.md").read_bytes()
    assert (ROOT / "space/MODELS_SOURCE.md").read_bytes() == sources, "cp MODELS_SOURCE.md space/"
