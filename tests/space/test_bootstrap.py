"""The full model, fetched at the first start from a hub on this machine, while the page works."""

from pathlib import Path

import pytest
from conftest import PROMPT, running
from driver import generate, open_section, picture_bytes, screenshot, wait_for_status, write
from gradio_client import Client
from hub import Hub

NAMES = {
    "SeeSee21/Z-Anime/diffusion_models/z-anime-distill-8step-fp8.safetensors": "dit",
    "SeeSee21/Z-Anime/text_encoder/qwen_3_4b-fp8.safetensors": "qwen3",
    "Comfy-Org/z_image_turbo/split_files/vae/ae.safetensors": "vae",
}


def environment(hub: Hub, models: Path) -> dict[str, str]:
    return {
        # What this hub has is not what the catalogue knows at the pinned revision.
        "ZANIME_BOOTSTRAP": "fp8@main",
        "ZANIME_MODELS_ROOT": str(models),
        "HF_ENDPOINT": hub.address,
        "no_proxy": "*",
    }


def test_the_full_model_arrives_while_the_small_one_draws(
    open_page, synthetic, program_picture, tmp_path
):
    hub = Hub({name: synthetic / network for name, network in NAMES.items()})
    models = tmp_path / "models"
    small = program_picture(PROMPT, "--seed", "7")
    try:
        with running(tmp_path, **environment(hub, models)) as app:
            page, client = open_page(at=app), Client(app.url, verbose=False)
            page.wait_for_selector("text=The full model is on its way: ")
            assert page.is_visible("text=the small built-in model draws")
            page.wait_for_function(
                "() => parseFloat(document.querySelector('.zn-banner .zn-bar i').style.width) > 20"
            )
            screenshot(page, "space-bootstrap")
            write(page, seed="7")
            generate(page)
            wait_for_status(page, "is done after")
            assert picture_bytes(page) == small
            pictures, *_ = client.predict(prompt=PROMPT, seed="7", api_name="/generate")
            assert Path(pictures[0]["image"]).read_bytes() == small

            hub.gate.set()
            page.wait_for_function("() => !document.querySelector('.zn-banner')?.offsetParent")
            assert page.is_visible("#size label:has-text('portrait')")
            open_section(page, "Free size", "#width input")
            write(page, seed="8", width="64", height="64")
            generate(page)
            wait_for_status(page, "is done after.*seed 8")
            file = program_picture(
                *(PROMPT, "--seed", "8", "--width", "64", "--height", "64"),
                environment={"ZANIME_MODELS_ROOT": str(models)},
            )
            assert picture_bytes(page) == file and b"z-anime-distill-8step-fp8" in file
            pictures, *_ = client.predict(
                prompt=PROMPT, seed="8", width=64, height=64, api_name="/generate"
            )
            assert Path(pictures[0]["image"]).read_bytes() == file
            page.close()
        assert (models / "vae/ae.safetensors").read_bytes() == (synthetic / "vae").read_bytes()
    finally:
        hub.close()


def test_a_second_start_fetches_nothing(synthetic, tmp_path):
    hub = Hub({name: synthetic / network for name, network in NAMES.items()})
    hub.gate.set()
    models = tmp_path / "models"
    try:
        for start in ("first", "second"):
            folder = tmp_path / start
            folder.mkdir()
            with running(folder, **environment(hub, models)) as app:
                client = Client(app.url, verbose=False)
                for _ in range(600):
                    default = client.predict(api_name="/models")["default"]
                    if default == "z-anime-distill-8step-fp8.safetensors":
                        break
                assert default == "z-anime-distill-8step-fp8.safetensors"
        assert sum(line.startswith("GET") for line in hub.asked) == 3
    finally:
        hub.close()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"status": 404}, "404 Not Found"),
        ({"status": 401}, "401 Unauthorized"),
        ({"length": 10**15}, "not enough room for the models"),
    ],
)
def test_what_goes_wrong_is_told_and_the_small_model_draws_on(
    open_page, synthetic, tmp_path, fault, told
):
    hub = Hub({name: synthetic / network for name, network in NAMES.items()}, **fault)
    try:
        with running(tmp_path, **environment(hub, tmp_path / "models")) as app:
            page = open_page(at=app)
            banner = page.wait_for_selector("text=The full model could not be fetched: ")
            assert told in banner.inner_text()
            write(page, seed="7")
            generate(page)
            wait_for_status(page, "is done after")
            page.close()
    finally:
        hub.close()
