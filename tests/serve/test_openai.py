"""OpenAI's Images API, by the package openai and by requests that it cannot be made to send."""

import base64
import io
import threading
import time

import httpx
import numpy as np
import openai
import PIL.Image
import pytest
import zanime
from conftest import PROMPT, wait_for

FIELDS = {"steps": 2, "seed": 7}


@pytest.fixture
def client(server):
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def opened(text: str) -> PIL.Image.Image:
    return PIL.Image.open(io.BytesIO(base64.b64decode(text)))


def png(size=(64, 64), alpha=None) -> bytes:
    pixels = np.random.default_rng(1).integers(0, 256, (*size[::-1], 3), np.uint8)
    image = PIL.Image.fromarray(pixels)
    if alpha is not None:
        image.putalpha(PIL.Image.fromarray(alpha))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_the_picture_is_the_engines_byte_for_byte(client):
    answer = client.images.generate(prompt=PROMPT, size="64x64", extra_body=FIELDS)
    params = zanime.GenerationParams(PROMPT, seed=7, steps=2, width=64, height=64)
    assert base64.b64decode(answer.data[0].b64_json) == zanime.Engine().generate(params).png()
    assert answer.size == "64x64" and answer.output_format == "png"
    assert answer.model_extra["seed"] == answer.data[0].model_extra["seed"] == 7


def test_every_field_of_the_api_is_taken(client):
    answer = client.images.generate(
        prompt=PROMPT,
        model="gpt-image-1",
        n=2,
        size="64x72",
        quality="high",
        output_format="webp",
        output_compression=50,
        background="transparent",
        moderation="low",
        user="somebody",
        style=None,
        extra_body={
            "num_inference_steps": 1,
            "guidance_scale": 2,
            "negative_prompt": "glasses",
            "sampler": "dpmpp_2m",
            "scheduler": "karras",
            "lora": [],
            "seed": None,
            "no_such_field": {"a": 1},
        },
    )
    images = [opened(one.b64_json) for one in answer.data]
    assert [(image.format, image.size) for image in images] == [("WEBP", (64, 72))] * 2
    seeds = [one.model_extra["seed"] for one in answer.data]
    assert seeds[1] == (seeds[0] + 1) % 2**64 == (answer.model_extra["seed"] + 1) % 2**64


def test_the_size_is_rounded_and_told(client):
    answer = client.images.generate(prompt=PROMPT, size="67x61", extra_body={"steps": 1})
    assert answer.size == "64x64" and opened(answer.data[0].b64_json).size == (64, 64)


def test_a_link_leads_to_the_gallery(client, http):
    answer = client.images.generate(
        prompt=PROMPT, size="64x64", response_format="url", extra_body=FIELDS
    )
    fetched = http.get(answer.data[0].url)
    assert fetched.headers["content-type"] == "image/png"
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert fetched.content[:4] == b"\x89PNG"


def test_models_and_their_aliases(client):
    names = [model.id for model in client.models.list()]
    assert "zanime-small-fp8.safetensors" in names
    assert client.models.retrieve("dall-e-3").id == "dall-e-3"
    answer = client.images.generate(prompt=PROMPT, model=names[1], size="64x64", extra_body=FIELDS)
    assert answer.data
    with pytest.raises(openai.NotFoundError) as caught:
        client.images.generate(prompt=PROMPT, model="../../etc/passwd")
    assert caught.value.code == "model_not_found" and caught.value.param == "model"


@pytest.mark.parametrize(
    ("fields", "param", "told"),
    [
        ({"n": 11}, "n", "less than or equal to 10"),
        ({"n": 0}, "n", "greater than"),
        ({"size": "big"}, "size", "WIDTHxHEIGHT"),
        ({"size": "9999x9999"}, None, "4096"),
        ({"size": "4096x4096"}, "size", "pixels"),
        ({"steps": 101}, None, "from 1 to 100"),
        ({"seed": 2**64}, "seed", "less than"),
        ({"sampler": "eular"}, None, "did you mean"),
        ({"cfg_scale": 31}, None, "cfg"),
        ({"lora": [{"name": "style"}]}, None, "style"),
        ({"lora": ["style"]}, "lora.0", "dictionary"),
        ({"output_format": "svg"}, "output_format", "png"),
        ({"prompt": ""}, "prompt", "at least 1"),
        ({"prompt": "a" * 30_000}, None, "the limit is 20000"),
        ({"partial_images": 4}, "partial_images", "less than"),
    ],
)
def test_wrong_values_are_told_in_openais_object(http, fields, param, told):
    body = {"prompt": PROMPT, "size": "64x64", **fields}
    answer = http.post("/v1/images/generations", json=body)
    assert answer.status_code == 400 and answer.headers["x-should-retry"] == "false"
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error" and error["param"] == param
    assert told in error["message"] and PROMPT not in error["message"]


@pytest.mark.parametrize("body", [b"{", b"", b"[]", b'"a"', b"\xff\xfe", b'{"prompt": NaN}'])
def test_what_is_no_request_is_told_too(http, body):
    header = {"content-type": "application/json"}
    answer = http.post("/v1/images/generations", content=body, headers=header)
    assert answer.status_code == 400 and answer.json()["error"]["message"]


def test_variations_are_refused_clearly(client):
    with pytest.raises(openai.BadRequestError, match="edits"):
        client.images.create_variation(image=png())


def test_events_bring_previews_and_then_the_picture(client):
    events = list(
        client.images.generate(
            prompt=PROMPT, size="64x64", stream=True, partial_images=2,
            extra_body={"steps": 6, "seed": 7},
        )
    )  # fmt: skip
    assert [event.type for event in events] == [
        "image_generation.partial_image",
        "image_generation.partial_image",
        "image_generation.completed",
    ]
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    images = [opened(event.b64_json) for event in events]
    assert {image.size for image in images} == {(64, 64)}
    pixels = [np.asarray(image.convert("RGB"), float) for image in images]
    far, near = (np.abs(preview - pixels[2]).mean() for preview in pixels[:2])
    assert 0 < near < far  # they show this picture as it forms
    assert events[2].usage.total_tokens == 0 and events[2].output_format == "png"


def test_an_error_in_the_middle_is_an_event(http, server):
    got = []

    def read():
        body = {"prompt": PROMPT, "size": "256x256", "steps": 100, "stream": True}
        with http.stream("POST", "/v1/images/generations", json=body) as answer:
            got.append(answer.headers["content-type"])
            got.extend(answer.iter_lines())

    thread = threading.Thread(target=read)
    thread.start()
    with server.client() as other:
        job = wait_for(lambda: [j for j in running_jobs(other) if j["step"]])[0]
        other.delete(f"/zanime/v1/jobs/{job['id']}")
    thread.join(20)
    assert got[0].startswith("text/event-stream") and "event: error" in got
    assert ": keep-alive" in got


def running_jobs(client: httpx.Client) -> list[dict]:
    jobs = client.get("/zanime/v1/jobs").json()["jobs"]
    return [job for job in jobs if job["state"] in ("queued", "running")]


def test_a_picture_is_edited_where_the_mask_is_transparent(client, http):
    alpha = np.full((64, 64), 255, np.uint8)
    alpha[:, 32:] = 0
    answer = client.images.edit(
        image=[("a.png", png(), "image/png")],
        mask=("m.png", png(alpha=alpha), "image/png"),
        prompt=PROMPT,
        size="64x64",
        extra_body={**FIELDS, "strength": 1.0},
    )
    made = np.asarray(opened(answer.data[0].b64_json), int)
    given = np.asarray(PIL.Image.open(io.BytesIO(png())), int)
    difference = np.abs(made - given).mean(axis=(0, 2))
    # The latent's cells are 8 pixels wide, and the autoencoder sees beyond its own.
    assert difference[:16].mean() < difference[48:].mean()


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "0 pictures"),
        ({"image": ("a.png", b"no picture", "image/png")}, "no PNG"),
        ({"image": ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png")}, "no PNG"),
        ({"image": ("a.gif", b"GIF89a\1\0\1\0\0\0\0;", "image/gif")}, "no PNG"),
        ({"image": ("a.png", png()[:60], "image/png")}, ""),
    ],
)
def test_what_is_no_picture_is_refused(http, files, told):
    fields = {"prompt": PROMPT, "steps": "1"}
    answer = http.post("/v1/images/edits", data=fields, files=files or {"x": ("x", b"", "a/b")})
    assert answer.status_code == 400 and told in answer.json()["error"]["message"]


def test_one_key_is_one_picture(http, server):
    body = {"prompt": PROMPT, "size": "64x64", "steps": 2}
    header = {"Idempotency-Key": "key-1"}
    before = len(server.gallery())
    answers = []

    def ask():
        with server.client() as client:
            answers.append(client.post("/v1/images/generations", json=body, headers=header))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    answers.append(http.post("/v1/images/generations", json=body, headers=header))
    assert len({answer.json()["data"][0]["b64_json"] for answer in answers}) == 1
    assert len(server.gallery()) == before + 1
    other = http.post("/v1/images/generations", json={**body, "steps": 1}, headers=header)
    assert other.status_code == 422 and other.headers["x-should-retry"] == "false"


def test_the_client_may_ask_again_after_a_timeout(server):
    """The package sends no key. Its first try ends in the middle of the picture, its second one
    waits for the same picture."""
    before = {picture["id"] for picture in server.gallery()}
    body = {"prompt": PROMPT, "size": "64x64", "steps": 60}
    first = {"x-stainless-retry-count": "0"}
    with server.client() as client, pytest.raises(httpx.ReadTimeout):
        client.post("/v1/images/generations", json=body, headers=first, timeout=0.7)
    second = {"x-stainless-retry-count": "1"}
    with server.client() as client:
        answer = client.post("/v1/images/generations", json=body, headers=second)
        assert answer.status_code == 200
        new = {picture["id"] for picture in server.gallery()} - before
        assert new == {answer.json()["data"][0]["id"]}
        # What was answered is over: the same words are another request, even as a second try.
        again = client.post("/v1/images/generations", json={**body, "steps": 1}, headers=second)
        assert again.json()["data"][0]["id"] not in new


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_goes_away_frees_its_job(server, stream):
    body = {"prompt": PROMPT, "size": "256x256", "steps": 100}
    with server.client() as client, pytest.raises(httpx.ReadTimeout):
        client.post("/v1/images/generations", json={**body, "stream": stream}, timeout=1)
    begun = time.monotonic()
    with server.client() as client:
        wait_for(lambda: not running_jobs(client), 10)
        assert client.post("/v1/images/generations", json={**body, "size": "64x64", "steps": 1})
    assert time.monotonic() - begun < 20
