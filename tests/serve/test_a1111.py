"""The routes of AUTOMATIC1111's web UI, by webuiapi and by requests as SillyTavern and Open WebUI
send them."""

import base64
import io
import json
import threading

import numpy as np
import PIL.Image
import pytest
import webuiapi
import zanime
from conftest import PROMPT, wait_for

ENGINE = zanime.Engine()


@pytest.fixture(scope="module")
def api(server):
    host, _, port = server.url.removeprefix("http://").rpartition(":")
    api = webuiapi.WebUIApi(host=host, port=int(port))
    api.session.trust_env = False
    return api


def png_of(**members) -> bytes:
    return ENGINE.generate(zanime.GenerationParams(expand=False, **members)).png()


def picture(seed=1, size=(64, 64)) -> PIL.Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return PIL.Image.fromarray(pixels).resize(size)


def test_a_picture_from_a_prompt(api):
    result = api.txt2img(
        prompt=PROMPT, seed=7, steps=2, cfg_scale=1, width=64, height=64,
        sampler_name="DPM++ 2M", scheduler="Karras", batch_size=2, n_iter=2,
    )  # fmt: skip
    assert len(result.images) == 4 and result.image.size == (64, 64)
    assert result.info["all_seeds"] == [7, 8, 9, 10] and result.info["seed"] == 7
    assert result.info["sampler_name"] == "dpmpp_2m" and len(result.info["infotexts"]) == 4
    assert result.info["prompt"] == PROMPT and result.parameters["steps"] == 2
    expected = png_of(
        prompt=PROMPT, seed=9, steps=2, width=64, height=64, sampler="dpmpp_2m", scheduler="karras"
    )
    raw = result.json["images"][2]
    assert not raw.startswith("data:") and base64.b64decode(raw) == expected


def test_a_second_pass(api):
    result = api.txt2img(
        prompt=PROMPT, seed=7, steps=2, cfg_scale=1, width=64, height=64, sampler_name="Euler",
        enable_hr=True, hr_scale=2, hr_upscaler=webuiapi.HiResUpscaler.Latent,
        hr_second_pass_steps=1, denoising_strength=0.5,
    )  # fmt: skip
    assert result.image.size == (128, 128)
    expected = png_of(
        prompt=PROMPT, seed=7, steps=2, width=64, height=64, hires=2, hires_strength=0.5,
        hires_steps=1, hires_from="latent",
    )  # fmt: skip
    assert base64.b64decode(result.json["images"][0]) == expected


def test_a_picture_from_a_picture(api):
    start = picture()
    mask = PIL.Image.new("L", (64, 64))
    mask.paste(255, (32, 0, 64, 64))
    result = api.img2img(
        images=[start], mask_image=mask, mask_blur=0, prompt=PROMPT, seed=7, steps=2, cfg_scale=1,
        width=64, height=64, denoising_strength=1.0, sampler_name="Euler",
    )  # fmt: skip
    change = np.abs(np.asarray(result.image, int) - np.asarray(start, int)).mean(axis=(0, 2))
    assert change[:16].mean() < change[48:].mean()
    inverted = api.img2img(
        images=[start], mask_image=mask, mask_blur=0, inpainting_mask_invert=1, prompt=PROMPT,
        seed=7, steps=2, cfg_scale=1, width=64, height=64, denoising_strength=1.0,
        sampler_name="Euler",
    )  # fmt: skip
    change = np.abs(np.asarray(inverted.image, int) - np.asarray(start, int)).mean(axis=(0, 2))
    assert change[:16].mean() > change[48:].mean()


def test_what_a_picture_carries_is_read(api):
    made = base64.b64encode(png_of(prompt=PROMPT, seed=7, steps=1, width=64, height=64)).decode()
    told = api.session.post(f"{api.baseurl}/png-info", json={"image": made}).json()
    assert told["info"].startswith(PROMPT) and "Seed: 7" in told["info"]
    assert json.loads(told["items"]["prompt"])
    assert api.png_info(picture()).info == ""


def test_progress_and_interrupt(api, server):
    got = {}

    def draw():
        got["made"] = api.txt2img(
            prompt=PROMPT,
            steps=60,
            cfg_scale=1,
            width=64,
            height=64,
            sampler_name="Euler",
            n_iter=5,
        )

    assert api.get_progress()["progress"] == 0 and api.get_progress()["state"]["job_count"] == 0
    thread = threading.Thread(target=draw)
    thread.start()
    other = webuiapi.WebUIApi(baseurl=api.baseurl)
    other.session.trust_env = False
    seen = wait_for(lambda: (p := other.get_progress())["current_image"] and p)
    assert 0 < seen["progress"] < 1 and seen["state"]["sampling_steps"] == 60
    assert PIL.Image.open(io.BytesIO(base64.b64decode(seen["current_image"]))).size == (64, 64)
    other.interrupt()
    thread.join(60)
    assert len(got["made"].images) < 5 and other.get_progress()["state"]["job_count"] == 0
    other.skip()


def test_lists_are_what_clients_read(api):
    names = api.util_get_sampler_names()
    assert {"Euler a", "DPM++ 2M", "DDIM", "res_multistep"} <= set(names)
    assert {"karras", "simple", "automatic"} <= set(api.util_get_scheduler_names())
    model = api.util_get_current_model()
    assert model in api.util_get_model_names()
    assert [one["name"] for one in api.get_upscalers()][0] == "None"
    assert [one["name"] for one in api.get_latent_upscale_modes()] == ["Latent"]
    for empty in (
        api.get_loras, api.get_hypernetworks, api.get_face_restorers, api.get_realesrgan_models,
        api.get_prompt_styles,
    ):  # fmt: skip
        assert empty() == []
    assert api.get_embeddings() == {"loaded": {}, "skipped": {}}
    assert api.get_memory()["ram"]["total"] > 0 and api.get_cmd_flags()["api"]
    assert api.get_scripts() == {"txt2img": [], "img2img": []}
    assert [one["model_name"] for one in api.get_sd_vae()]
    assert api.refresh_checkpoints() == {}
    for route in ("refresh-vae", "refresh-loras", "refresh-embeddings"):
        assert api.session.post(f"{api.baseurl}/{route}").json() == {}
    assert api.session.get(f"{api.baseurl}/sd-modules").json()[0]["model_name"]


def test_every_sampler_and_schedule_that_is_listed_is_taken():
    from zanime.serve.a1111_names import sampler_and_scheduler, samplers, schedulers

    assert {name for _, name in samplers()} == set(zanime.samplers())
    for shown, name in samplers():
        for asked in (shown, name, shown.upper()):
            assert sampler_and_scheduler(asked, "Automatic") == (name, None)
    for shown, name in schedulers():
        assert sampler_and_scheduler("Euler", shown) == ("euler", name)
    assert sampler_and_scheduler("DPM++ 2M Karras", "") == ("dpmpp_2m", "karras")
    assert sampler_and_scheduler("", "") == (None, None)
    assert sampler_and_scheduler("No such", "nor this") == ("No such", "nor this")


def test_options_come_back_whole(api, http):
    options = api.get_options()
    assert api.set_options({**options, "sd_model_checkpoint": options["sd_model_checkpoint"]}) == {}
    api.util_set_model("small")
    wrong = http.post("/sdapi/v1/options", json={"sd_model_checkpoint": "../../etc/passwd"})
    assert wrong.status_code == 404
    assert http.post("/sdapi/v1/options", json={"no_such_option": [1]}).status_code == 200


def test_adapters_in_the_prompt(http):
    from zanime.serve.a1111_models import without_loras

    assert without_loras("a <lora:x:0.5>, b <lora:y>") == ("a , b", [("x", 0.5), ("y", 1.0)])
    assert without_loras("<lora:x:-1:0.3:lbw=a>") == ("", [("x", -1.0)])
    assert without_loras("a < b > c") == ("a < b > c", [])
    answer = http.post(
        "/sdapi/v1/txt2img", json={"prompt": "a <lora:style:0.8>", "width": 64, "height": 64}
    )
    assert answer.status_code == 400 and "style" in answer.json()["detail"]


@pytest.mark.parametrize(
    "fields",
    [
        {"sampler_name": "No such"}, {"scheduler": "No such"}, {"steps": 0}, {"batch_size": 0},
        {"batch_size": 101}, {"seed": -2}, {"width": 0}, {"denoising_strength": 2}, {"prompt": 5},
        {"override_settings": {"sd_model_checkpoint": "none"}}, {"override_settings": 5},
    ],
)  # fmt: skip
def test_wrong_values_are_told(http, fields):
    answer = http.post("/sdapi/v1/txt2img", json={"prompt": PROMPT, "steps": 1, **fields})
    assert answer.status_code in (400, 404, 422) and answer.json()["detail"]


# Field by field what SillyTavern's image extension sends to its server, which hands it on as it is,
# its own `url` and `auth` included.
SILLY_TAVERN = {
    "url": "http://127.0.0.1:7860", "auth": "user:sesame", "prompt": PROMPT,
    "negative_prompt": "lowres", "sampler_name": "DPM++ 2M", "scheduler": "Karras", "steps": 2,
    "cfg_scale": 7, "width": 64, "height": 64, "restore_faces": False, "enable_hr": False,
    "hr_upscaler": "Latent", "hr_scale": 2, "hr_additional_modules": [], "denoising_strength": 0.7,
    "hr_second_pass_steps": 0, "seed": None,
    "override_settings": {"CLIP_stop_at_last_layers": 1, "sd_vae": "Automatic",
                          "forge_additional_modules": []},
    "override_settings_restore_afterwards": True, "clip_skip": 1, "save_images": True,
    "send_images": True, "do_not_save_grid": False, "do_not_save_samples": False,
}  # fmt: skip


def test_sillytavern(http):
    header = {"Authorization": "Basic " + base64.b64encode(b"user:sesame").decode()}
    options = http.get("/sdapi/v1/options", headers=header)
    assert options.status_code == 200 and "forge_preset" not in options.json()
    for route in ("samplers", "schedulers", "upscalers", "latent-upscale-modes"):
        assert all(one["name"] for one in http.get(f"/sdapi/v1/{route}", headers=header).json())
    assert [one["model_name"] for one in http.get("/sdapi/v1/sd-vae", headers=header).json()]
    titles = [one["title"] for one in http.get("/sdapi/v1/sd-models", headers=header).json()]
    chosen = http.post("/sdapi/v1/options", json={"sd_model_checkpoint": titles[0]}, headers=header)
    assert chosen.status_code == 200
    progress = http.get("/sdapi/v1/progress", headers=header).json()
    assert progress["progress"] == 0.0 and progress["state"]["job_count"] == 0
    answer = http.post("/sdapi/v1/txt2img", json=SILLY_TAVERN, headers=header)
    assert answer.status_code == 200, answer.text
    image = base64.b64decode(answer.json()["images"][0])
    assert PIL.Image.open(io.BytesIO(image)).size == (64, 64)
    assert "sesame" not in answer.text
    assert json.loads(answer.json()["info"])["negative_prompt"] == "lowres"
    assert http.post("/sdapi/v1/interrupt", headers=header).status_code == 200


def test_open_webui_as_automatic1111(http):
    options = http.get("/sdapi/v1/options").json()
    models = http.get("/sdapi/v1/sd-models").json()
    assert all(model["title"] and model["model_name"] for model in models)
    options["sd_model_checkpoint"] = models[0]["title"]
    assert http.post("/sdapi/v1/options", json=options).status_code == 200
    body = {"prompt": PROMPT, "batch_size": 2, "width": 64, "height": 64, "steps": 2,
            "negative_prompt": "lowres", "cfg_scale": 1.5, "sampler_name": "Euler",
            "scheduler": "Normal"}  # fmt: skip
    answer = http.post("/sdapi/v1/txt2img", json=body, headers={"authorization": ""})
    assert len(answer.json()["images"]) == 2 and json.loads(answer.json()["info"])


def test_open_webui_as_openai(http):
    body = {"model": "dall-e-2", "prompt": PROMPT, "n": 1, "size": "64x64",
            "response_format": "b64_json", "steps": 1}  # fmt: skip
    header = {
        "Authorization": "Bearer sk-none",
        "X-OpenWebUI-User-Name": "somebody",
        "X-OpenWebUI-User-Id": "1",
    }
    answer = http.post("/v1/images/generations?api-version=2026-01-01", json=body, headers=header)
    image = base64.b64decode(answer.json()["data"][0]["b64_json"])
    files = [("image[]", ("image.png", image, "image/png"))]
    fields = {"model": "gpt-image-1", "prompt": PROMPT, "size": "64x64", "n": "1", "steps": "1"}
    edited = http.post("/v1/images/edits", data=fields, files=files, headers=header)
    assert edited.status_code == 200 and edited.json()["data"][0]["b64_json"]
