"""The page as scripts use it, with gradio_client, and what happens when things go wrong."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import PROMPT, end, start
from gradio_client import Client, handle_file

SLOW = {"width": 256, "height": 256, "steps": 100}


def wait_for(condition, seconds=30.0):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.05)


def status_of(job) -> str:
    outputs = job.outputs()
    for values in reversed(outputs):
        if isinstance(values[5], str):
            return values[5]
    return ""


def test_the_picture_is_the_programs_byte_for_byte(client, program_picture):
    pictures, seed, seconds, settings, files, status = client.predict(
        prompt=PROMPT,
        seed="18446744073709551615",
        steps=4,
        sampler="dpmpp_2m",
        scheduler="karras",
        cfg=2,
        negative_prompt="glasses",
        shift=2.5,
        api_name="/generate",
    )
    file = program_picture(
        PROMPT,
        "--seed",
        "18446744073709551615",
        "--steps",
        "4",
        "--sampler",
        "dpmpp_2m",
        "--scheduler",
        "karras",
        "--cfg",
        "2",
        "--negative",
        "glasses",
        "--shift",
        "2.5",
    )
    assert Path(pictures[0]["image"]).read_bytes() == file
    assert Path(files[0]).read_bytes() == file
    assert seed == "18446744073709551615" and seconds.endswith(" s")
    assert settings.startswith(PROMPT) and "Sampler: dpmpp_2m" in settings
    assert "is done" in status


def test_a_request_needs_nothing_but_a_prompt(client):
    pictures, seed, *_ = client.predict(prompt="1girl", api_name="/generate")
    assert len(pictures) == 1 and 0 <= int(seed) < 2**64


def test_a_batch_gives_several(client):
    pictures, _, _, _, files, status = client.predict(
        prompt=PROMPT, steps=1, batch=3, seed="1", api_name="/generate"
    )
    assert len(pictures) == len(files) == 3 and "3 pictures" in status
    assert len({Path(file).read_bytes() for file in files}) == 3


def test_models_are_listed(client):
    models = client.predict(api_name="/models")
    assert models["default"] == "zanime-small-fp8.safetensors"
    assert models["loras"] == [] and models["default"] in models["diffusion_models"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"width": 100}, "the two nearest are 96 and 104"),
        ({"height": 1e300}, "height is"),
        ({"steps": 0}, "must be from 1 to 100"),
        ({"steps": "many"}, "must be a whole number"),
        ({"prompt": "a" * 100_000}, "100000 characters; the limit is 20000"),
        ({"prompt": "a\0b"}, "zero byte"),
        ({"prompt": "{a|b"}, "prompt"),
        ({"seed": "18446744073709551616"}, "18446744073709551615"),
        ({"seed": -1}, "seed is -1"),
        ({"cfg": 31}, "must be from 0 to 30"),
        ({"sampler": "eular"}, "does not exist"),
        ({"scheduler": None, "sampler": 5}, "sampler"),
        ({"batch": 17}, "must be from 1 to 16"),
        ({"model": "../../etc/passwd"}, "passwd"),
        ({"adapters": ["style"]}, "style.safetensors"),
    ],
)
def test_wrong_values_get_a_sentence(client, values, told):
    with pytest.raises(Exception, match=told) as caught:
        client.predict(api_name="/generate", **{"prompt": "1girl", "steps": 1, **values})
    assert "Traceback" not in str(caught.value)


def test_control_characters_are_a_prompt_like_any_other(client, program_picture):
    prompt = "1girl\x07\x1b[31m\u202e\r\n\tblue hair"
    pictures, *_ = client.predict(prompt=prompt, steps=1, seed="3", api_name="/generate")
    file = program_picture(prompt, "--seed", "3", "--steps", "1")
    assert Path(pictures[0]["image"]).read_bytes() == file


def test_an_init_image_that_is_none_gets_a_sentence(client, tmp_path):
    (tmp_path / "no.png").write_bytes(b"no picture")
    with pytest.raises(Exception, match="no.png"):
        client.predict(
            prompt="a", init_image=handle_file(tmp_path / "no.png"), api_name="/generate"
        )


def test_cancel_stops_a_picture(client):
    job = client.submit(prompt=PROMPT, api_name="/generate", **SLOW)
    wait_for(lambda: "Step" in status_of(job))
    start_time = time.monotonic()
    assert client.predict(api_name="/cancel") == "Stopped 1."
    pictures, *_, status = job.result(20)
    assert pictures == [] and "Stopped" in status and time.monotonic() - start_time < 5
    assert client.predict(api_name="/cancel") == "Nothing of this session was running."


def test_progress_and_previews_are_live(client):
    job = client.submit(prompt=PROMPT, api_name="/generate", seed="5", **{**SLOW, "steps": 6})
    job.result(60)
    shown = [values[5] for values in job.outputs() if isinstance(values[5], str)]
    assert any("Step 3 of 6" in status and "data:image/png" in status for status in shown)


def test_two_visitors_are_both_served_and_see_their_place(app, program_picture):
    busy, other = Client(app.url, verbose=False), Client(app.url, verbose=False)
    slow = busy.submit(prompt=PROMPT, api_name="/generate", **SLOW)
    wait_for(lambda: "Step" in status_of(slow))
    second = busy.submit(prompt=PROMPT, api_name="/generate", seed="2", steps=2)
    wait_for(lambda: "number 2 in line" in status_of(second))
    theirs = other.submit(prompt=PROMPT, api_name="/generate", seed="9", steps=2)
    # Who has had no turn yet goes first.
    wait_for(lambda: "number 2 in line: 1 picture is" in status_of(theirs))
    wait_for(lambda: "number 3 in line" in status_of(second))
    assert busy.predict(api_name="/cancel") == "Stopped 2."
    pictures, *_ = theirs.result(60)
    file = program_picture(PROMPT, "--seed", "9", "--steps", "2")
    assert Path(pictures[0]["image"]).read_bytes() == file
    assert slow.result(20)[0] == [] and second.result(20)[0] == []


def test_two_at_once_both_get_their_own(app, program_picture):
    clients = [Client(app.url, verbose=False) for _ in range(2)]
    jobs = [
        client.submit(prompt=PROMPT, seed=str(seed), steps=2, api_name="/generate")
        for seed, client in enumerate(clients)
    ]
    for seed, job in enumerate(jobs):
        file = program_picture(PROMPT, "--seed", str(seed), "--steps", "2")
        assert Path(job.result(60)[0][0]["image"]).read_bytes() == file


def test_a_visitor_who_goes_away_frees_the_worker(app, client):
    code = (
        "import sys, time; from gradio_client import Client\n"
        f"job = Client({app.url!r}, verbose=False).submit(prompt='a', width=512, height=512, "
        "steps=100, api_name='/generate')\n"
        "while not any('Step' in str(o[5]) for o in job.outputs()): time.sleep(0.05)\n"
        "import os; os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    start_time = time.monotonic()
    client.predict(prompt=PROMPT, steps=1, api_name="/generate")
    assert time.monotonic() - start_time < 20  # the other picture takes minutes


def test_a_worker_that_dies_gives_a_sentence_and_another_worker(app, client):
    job = client.submit(prompt=PROMPT, api_name="/generate", **SLOW)
    wait_for(lambda: "Step" in status_of(job))
    worker = app.worker()
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(Exception, match="ended in the middle of the picture"):
        job.result(20)
    assert client.predict(prompt=PROMPT, steps=1, api_name="/generate")[0]
    assert app.worker() not in (None, worker)


def test_damaged_files_give_a_sentence_and_the_environment_is_honoured(tmp_path, program_picture):
    models = tmp_path / "models"
    for folder in ("diffusion_models", "text_encoders", "vae", "loras"):
        (models / folder).mkdir(parents=True)
    full = models / "diffusion_models/z-anime-distill-8step-fp8.safetensors"
    full.write_bytes(b"\x10\0\0")  # truncated
    (models / "loras/style.safetensors").write_bytes(b"junk")
    environment = {"ZANIME_DISABLE_AURA_SAMPLING": "1", "ZANIME_INIT_COMFY_EXTRA_NODES": "1"}
    app = start(
        tmp_path,
        ZANIME_MODELS_ROOT=str(models),
        ZANIME_BOOTSTRAP="fp8",
        ZANIME_DISABLE_COMFY_SOURCE_FETCH="1",
        **environment,
    )
    try:
        client = Client(app.url, verbose=False)
        assert client.predict(api_name="/models")["loras"] == ["style.safetensors"]
        small = {"model": "zanime-small-fp8.safetensors", "prompt": PROMPT, "seed": "7", "steps": 2}
        with pytest.raises(Exception, match="text_encoders|qwen"):  # none is there
            client.predict(prompt="a", api_name="/generate")
        with pytest.raises(Exception, match="style.safetensors"):
            client.predict(**small, adapters=["style"], api_name="/generate")
        (models / "text_encoders/qwen_3_4b-fp8.safetensors").write_bytes(b"\x10\0\0")
        (models / "vae/ae.safetensors").write_bytes(b"\x10\0\0")
        with pytest.raises(Exception, match="safetensors"):
            client.predict(prompt="a", model=full.name, api_name="/generate")
        pictures, *_ = client.predict(**small, api_name="/generate")
        plain = program_picture(PROMPT, "--seed", "7", "--steps", "2")
        without = program_picture(PROMPT, "--seed", "7", "--steps", "2", environment=environment)
        made = Path(pictures[0]["image"]).read_bytes()
        assert made == without and made != plain
    finally:
        end(app)
    assert "Traceback" not in app.log.read_text()
