import json
import pickle
import threading
import time
import zlib

import numpy as np
import pytest
import zanime
from conftest import PROMPT
from zanime import CancelledError, CancelToken, GenerationParams


def request(**members) -> GenerationParams:
    return GenerationParams(**{"prompt": PROMPT, "seed": 7, "steps": 4, **members})


def decoded(png: bytes) -> np.ndarray:
    """8-bit RGB of a PNG, by the five filters of the standard: no second library has to agree."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    at, data, width, height = 8, b"", 0, 0
    while at < len(png):
        length, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        body = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height = (int.from_bytes(body[i : i + 4], "big") for i in (0, 4))
            assert body[8:] == bytes([8, 2, 0, 0, 0])
        elif kind == b"IDAT":
            data += body
        at += 12 + length
    raw = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + 3 * width).astype(int)
    rows = np.zeros((height + 1, 3 * (width + 1)), int)
    for y in range(height):
        for x in range(3 * width):
            left, up, corner = rows[y + 1, x], rows[y, x + 3], rows[y, x]
            nearest = min((left, up, corner), key=lambda n: abs(left + up - corner - n))
            guess = (0, left, up, (left + up) // 2, nearest)[raw[y, 0]]
            rows[y + 1, x + 3] = (raw[y, 1 + x] + guess) % 256
    return rows[1:, 3:].reshape(height, width, 3).astype(np.uint8)


def test_pictures_are_those_of_the_program_byte_for_byte(engine, program, tmp_path):
    program(
        "generate",
        PROMPT,
        "--seed",
        "7",
        "--steps",
        "4",
        "--batch",
        "2",
        "-o",
        str(tmp_path / "p.png"),
        "-q",
    )
    result = engine.generate(request(batch=2))
    assert len(result.pictures) == 2
    for index, picture in enumerate(result.pictures):
        file = (tmp_path / f"p_{index + 1}.png").read_bytes()
        assert picture.dtype == np.uint8 and picture.shape == (128, 128, 3)
        assert result.png(index) == file
        result.save(tmp_path / "again.png", index)
        assert (tmp_path / "again.png").read_bytes() == file
    assert np.array_equal(decoded(result.png()), result.pictures[0])
    assert not np.array_equal(result.pictures[0], result.pictures[1])
    with pytest.raises(IndexError):
        result.png(2)


def test_a_result_tells_how_it_was_made(engine, tmp_path):
    result = engine.generate(GenerationParams(PROMPT, steps=2))
    assert 0 <= result.seed < 2**64
    assert result.params.uses_builtin_model and result.params.width == zanime.BUILTIN_SIDE
    assert f"Seed: {result.seed}" in result.parameters
    assert {node["class_type"] for node in result.graph.values()} >= {"KSampler", "VAEDecode"}
    assert result.seconds > 0 and result.timings[0].keys() == {"id", "class", "cached", "seconds"}
    result.save(tmp_path / "p.png")
    told = zanime.inspect(tmp_path / "p.png")
    assert (told["width"], told["height"], told["parameters"]) == (128, 128, result.parameters)
    assert told["prompt"] == result.graph


def test_readable_parameters_become_the_request_again(engine):
    made = engine.generate(request())
    params, left = engine.read_parameters(made.parameters + ", Clip skip: 2")
    assert left == ["Clip skip: 2"]
    assert engine.generate(params).png() == made.png()


def test_a_graph_gives_the_same_picture(engine):
    made = engine.generate(request())
    again = engine.run(json.dumps(made.graph))
    assert again.png() == made.png() and again.seed is None and again.params is None
    with pytest.raises(zanime.GraphError, match="not valid JSON"):
        engine.run("{")
    with pytest.raises(zanime.GraphError):
        engine.run({"1": {"class_type": "NoSuchNode", "inputs": {}}})


def test_progress_has_step_total_seconds_and_a_small_preview(engine):
    seen = []
    engine.generate(request(seed=99), lambda progress: seen.append(progress))
    steps = [progress for progress in seen if progress.event == "step"]
    assert [progress.step for progress in steps] == [1, 2, 3, 4]
    assert all(progress.total == 4 and progress.seconds > 0 for progress in steps)
    assert {progress.event for progress in seen} <= {"started", "cached", "finished", "step"}
    preview = steps[-1].preview
    assert preview.shape == (128, 128, 3) and preview.dtype == np.uint8


def test_what_on_progress_raises_ends_the_run(engine):
    calls = []

    def stop(progress):
        calls.append(progress)
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        engine.generate(request(steps=50), stop)
    assert len(calls) == 1
    assert engine.generate(request()).pictures  # and the engine goes on


def test_another_thread_can_stop_a_run_and_run_meanwhile(engine):
    cancel, first = CancelToken(), threading.Event()
    ticks = 0
    failure = []

    def work():
        try:
            engine.generate(
                request(width=256, height=256, steps=100), lambda _: first.set(), cancel
            )
        except CancelledError as error:
            failure.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert first.wait(60)
    for _ in range(50):  # the interpreter's lock is free
        time.sleep(0.001)
        ticks += 1
    cancel.cancel()
    start = time.monotonic()
    thread.join(30)
    assert failure and time.monotonic() - start < 2 and ticks == 50
    assert cancel.cancelled
    with pytest.raises(CancelledError):
        engine.generate(request(), cancel=cancel)


def test_waiting_for_another_run_can_be_stopped(engine):
    busy, first, waiting = CancelToken(), threading.Event(), CancelToken()
    other = threading.Thread(
        target=lambda: pytest.raises(
            CancelledError,
            engine.generate,
            request(width=256, height=256, steps=100),
            lambda _: first.set(),
            busy,
        )
    )
    other.start()
    assert first.wait(60)
    threading.Timer(0.2, waiting.cancel).start()
    with pytest.raises(CancelledError):
        engine.generate(request(), cancel=waiting)
    assert other.is_alive()
    assert engine.complete(request()).uses_builtin_model  # facts do not wait for pictures
    busy.cancel()
    other.join(30)


def test_results_and_requests_travel_between_processes(engine):
    result = engine.generate(request(prompt="銀髪, 1girl"))
    copy = pickle.loads(pickle.dumps(result))
    assert copy.png() == result.png() and copy.graph == result.graph
    assert copy.params == result.params and copy.timings == result.timings


def test_a_changed_seed_reruns_the_sampler_only(engine):
    engine.generate(request())
    timings = {node["class"]: node["cached"] for node in engine.generate(request(seed=8)).timings}
    assert timings["UNETLoader"] and timings["CLIPTextEncode"] and not timings["KSampler"]


def test_wrong_places_are_told(tmp_path):
    with pytest.raises(zanime.UsageError, match="models root"):
        zanime.Engine(tmp_path / "nowhere")
    for arguments in ({"device": "cuda"}, {"threads": 0}, {"memory": -1}, {"compute": "fp4"}):
        with pytest.raises(zanime.UsageError):
            zanime.Engine(**arguments)
    with pytest.raises(zanime.FileError, match="does not exist"):
        zanime.inspect(tmp_path / "nothing.png")
    engine = zanime.Engine(tmp_path)  # a folder that was asked for, with nothing in it
    with pytest.raises(zanime.FileError, match="fetch"):
        engine.generate(request())
    with pytest.raises(zanime.FileError):
        zanime.Engine().generate(request(init_image=str(tmp_path / "no.png")))


def test_damaged_model_files_are_told(tmp_path, golden):
    folder = tmp_path / "diffusion_models"
    folder.mkdir()
    (folder / "z-anime-distill-8step-fp8.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{")
    with pytest.raises(zanime.FileError, match="z-anime-distill-8step-fp8.safetensors"):
        zanime.Engine(tmp_path).generate(
            request(
                text_encoder="zanime-small-qwen3-fp8.safetensors", vae="zanime-small-ae.safetensors"
            )
        )


def test_a_full_disk_is_told(engine):
    result = engine.generate(request())
    with pytest.raises(zanime.ResourceError, match="/dev/full"):
        result.save("/dev/full")


def test_choices_are_those_of_the_engine():
    assert "euler" in zanime.samplers() and "simple" in zanime.schedulers()
    assert zanime.size_presets()["portrait"] == (832, 1216)
    least, most = zanime.limits()["steps"]
    assert (least, most) == (1, 100)
    assert zanime.__version__


def test_inspect_knows_model_files(golden, engine):
    assert "zanime-small-fp8.safetensors" in engine.models("diffusion_models")
    told = zanime.Engine.inspect(golden / "sample.gguf")
    assert told["kind"] == "model" and told["bytes"] > 0 and told["tensors"] > 0


def test_fetch_uses_no_network_where_that_is_off(monkeypatch, tmp_path):
    monkeypatch.setenv("ZANIME_DISABLE_COMFY_SOURCE_FETCH", "1")
    with pytest.raises(zanime.FileError, match="ZANIME_DISABLE_COMFY_SOURCE_FETCH"):
        zanime.fetch(tmp_path)
    with pytest.raises(zanime.UsageError, match="quant"):
        zanime.fetch(tmp_path, quant="int3")
