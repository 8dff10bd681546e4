"""Pictures to start from and adapters, on the page and from scripts."""

import json
import struct
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
import zanime
from conftest import PROMPT, running
from driver import generate, number, open_section, picture_bytes, screenshot, wait_for_status, write
from gradio_client import Client, handle_file

DIT, QWEN3, VAE = "noise.safetensors", "noise-text.safetensors", "noise-ae.safetensors"
SMALL = zanime.Engine().complete(zanime.GenerationParams()).model


def write_adapter(path: Path, width: int, layers: int, seed: int, scale: float) -> None:
    """Random adapters of rank 2 for the attention of a diffusion model, under PEFT's names."""
    random = np.random.default_rng(seed)
    header, data = {}, b""
    for layer in range(layers):
        for part in ("to_q", "to_k", "to_v"):
            for end, shape in (("lora_A", (2, width)), ("lora_B", (width, 2))):
                values = (scale * random.standard_normal(shape)).astype("<f4").tobytes()
                header[f"diffusion_model.layers.{layer}.attention.{part}.{end}.weight"] = {
                    "dtype": "F32",
                    "shape": shape,
                    "data_offsets": [len(data), len(data) + len(values)],
                }
                data += values
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write_picture(path: Path, seed: int, width=160, height=128) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(pixels).resize((width, height)).save(path)
    return path


@pytest.fixture(scope="module")
def models(tmp_path_factory, synthetic) -> Path:
    """The networks of noise, and adapters for them and for the built-in model."""
    root = tmp_path_factory.mktemp("files") / "models"
    for folder, name, network in (
        ("diffusion_models", DIT, "dit"),
        ("text_encoders", QWEN3, "qwen3"),
        ("vae", VAE, "vae"),
    ):
        (root / folder).mkdir(parents=True)
        (root / folder / name).symlink_to(synthetic / network)
    (root / "loras").mkdir()
    write_adapter(root / "loras/noise-style.safetensors", 128, 2, seed=1, scale=0.3)
    write_adapter(root / "loras/one.safetensors", 256, 4, seed=2, scale=0.15)
    write_adapter(root / "loras/two.safetensors", 256, 4, seed=3, scale=0.15)
    return root


@pytest.fixture(scope="module")
def files_app(models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files-app")
    with running(folder, ZANIME_MODELS_ROOT=str(models)) as app:
        yield app


@pytest.fixture
def expected(models, program_picture):
    def picture(*options: str) -> bytes:
        return program_picture(PROMPT, *options, environment={"ZANIME_MODELS_ROOT": str(models)})

    return picture


def test_a_picture_becomes_another(open_page, files_app, expected, tmp_path):
    start = write_picture(tmp_path / "start.png", 1)
    page = open_page(at=files_app)
    open_section(page, "Sampling", number("Steps"))
    page.fill(number("Steps"), "4")
    open_section(page, "Start from a picture", number("Strength"))
    write(page, seed="7")
    page.set_input_files("#init-image input[type=file]", start)
    page.wait_for_selector("#init-image img")
    page.fill(number("Strength"), "0.35")
    generate(page)
    wait_for_status(page, "is done after")
    made = picture_bytes(page)
    options = ["--seed", "7", "--steps", "4"]
    assert made == expected(*options, "--init-image", str(start), "--strength", "0.35")
    assert made != expected(*options, "--width", "160", "--height", "128")
    screenshot(page, "space-init-image")

    page.click("#init-image button[aria-label='Remove Image']")
    open_section(page, "Free size", "#width input")
    write(page, seed="8", width="64", height="64")
    generate(page)
    wait_for_status(page, "is done after.*seed 8")
    assert picture_bytes(page) == expected(
        *("--seed", "8", "--steps", "4", "--width", "64", "--height", "64")
    )


def test_pictures_of_one_name_are_told_apart(files_app, expected, tmp_path):
    client = Client(files_app.url, verbose=False)
    for seed in (1, 2):
        start = write_picture(tmp_path / str(seed) / "image.png", seed)
        pictures, *_ = client.predict(
            prompt=PROMPT,
            seed="7",
            steps=2,
            init_image=handle_file(start),
            api_name="/generate",
        )
        file = expected("--seed", "7", "--steps", "2", "--init-image", str(start))
        assert Path(pictures[0]["image"]).read_bytes() == file
        assert str(tmp_path).encode() not in file and b"image.png" in file


def test_the_built_in_model_starts_from_a_picture(client, program_picture, tmp_path):
    start = write_picture(tmp_path / "start.png", 1, 128, 128)
    values = {"prompt": PROMPT, "seed": "7", "steps": 4, "strength": 0.5}
    pictures, *_ = client.predict(**values, init_image=handle_file(start), api_name="/generate")
    options = ("--seed", "7", "--steps", "4", "--strength", "0.5", "--init-image", str(start))
    assert Path(pictures[0]["image"]).read_bytes() == program_picture(PROMPT, *options)


def test_adapters_are_found_and_change_the_picture(open_page, files_app, expected):
    page = open_page(at=files_app)
    open_section(page, "Sampling", number("Steps"))
    page.fill(number("Steps"), "4")
    page.fill("#model input", SMALL)
    page.keyboard.press("Enter")
    open_section(page, "Adapters (LoRA)", number("Strength of the adapters"))
    write(page, seed="7")
    page.click("#adapters input")
    page.wait_for_selector("[role=option]:has-text('one.safetensors')")
    page.click("[role=option]:has-text('one.safetensors')")
    page.fill("#adapters input", "two:-0.5")
    page.keyboard.press("Enter")
    page.fill(number("Strength of the adapters"), "0.8")
    generate(page)
    wait_for_status(page, "is done after")
    made = picture_bytes(page)
    options = ["--seed", "7", "--steps", "4", "--model", SMALL]
    assert made == expected(*options, "--lora", "one:0.8", "--lora", "two:-0.5")
    assert made != expected(*options)
    screenshot(page, "space-adapters")

    # The history brings them back, each with its strength.
    page.click("button:has-text('Earlier in this session')")
    page.click("#history-gallery img")
    page.wait_for_function(
        "document.querySelector('#history-settings textarea').value.includes('Seed')"
    )
    page.click("text=Use these settings")
    page.wait_for_selector("#adapters:has-text('one.safetensors:0.8')")
    page.fill(number("Strength of the adapters"), "2")
    generate(page)
    page.wait_for_timeout(1000)
    wait_for_status(page, "is done after")
    assert picture_bytes(page) == made


def test_an_adapter_of_another_model_gets_a_sentence(files_app):
    client = Client(files_app.url, verbose=False)
    with pytest.raises(Exception, match="noise-style.safetensors") as caught:
        client.predict(
            prompt=PROMPT, steps=1, model=SMALL, adapters=["noise-style"], api_name="/generate"
        )
    assert "Traceback" not in str(caught.value)
