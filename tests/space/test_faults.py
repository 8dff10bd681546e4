"""What goes wrong on the page: each fault is a sentence, and the next picture is made."""

import json
import os
import resource
import shutil
import signal
import urllib.error
import urllib.request

import pytest
from conftest import PROMPT, ROOT, end, running, start
from driver import generate, number, open_section, screenshot, wait_for_status, write
from gradio_client import Client
from test_files import DIT, QWEN3, VAE


def draws(page) -> None:
    """The page is usable: it makes a picture."""
    write(page, seed="1")
    generate(page)
    wait_for_status(page, "is done after.*seed 1")


def ask_for_much(page) -> None:
    open_section(page, "Sampling", number("Steps"))
    open_section(page, "Free size", "#width input")
    write(page, width="256", height="256")
    page.fill(number("Steps"), "100")
    generate(page)


def ask_for_little(page) -> None:
    write(page, width="", height="")
    page.fill(number("Steps"), "1")


def test_two_people_see_their_place(open_page):
    first, second = open_page(), open_page(390, 844)
    ask_for_much(first)
    wait_for_status(first, r"Step \d+ of 100")
    write(second, seed="1")
    generate(second)
    wait_for_status(second, "number 2 in line: 1 picture is made before yours")
    screenshot(second, "space-place")
    first.click("#stop")
    wait_for_status(first, "Stopped")
    wait_for_status(second, "is done after")


def test_who_closes_the_page_frees_the_worker(open_page):
    first, second = open_page(), open_page()
    ask_for_much(first)
    wait_for_status(first, r"Step \d+ of 100")
    generate(second)
    wait_for_status(second, "number 2 in line")
    first.close()
    wait_for_status(second, "is done after")


def test_a_worker_that_dies_mid_picture(open_page, app):
    page = open_page()
    ask_for_much(page)
    wait_for_status(page, r"Step \d+ of 100")
    os.kill(app.worker(), signal.SIGKILL)
    toast = page.wait_for_selector(".toast-body.error")
    assert "ended in the middle of the picture, perhaps for want of memory" in toast.inner_text()
    ask_for_little(page)
    draws(page)


def test_a_prompt_of_100000_characters(open_page):
    page = open_page()
    write(page, "a" * 100_000)
    generate(page)
    toast = page.wait_for_selector(".toast-body.error")
    assert "has 100000 characters; the limit is 20000" in toast.inner_text()
    draws(page)


def test_a_full_disk(open_page, tmp_path):
    with running(tmp_path) as app:
        page = open_page(at=app)
        draws(page)
        # The same to whoever writes: a file that cannot grow.
        unlimited = resource.prlimit(app.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(app.process.pid, resource.RLIMIT_FSIZE, (8192, unlimited[1]))
        write(page, seed="2")
        generate(page)
        toast = page.wait_for_selector(".toast-body.error")
        assert "zanime_2.png" in toast.inner_text()
        resource.prlimit(app.process.pid, resource.RLIMIT_FSIZE, unlimited)
        draws(page)
        page.close()


def raw_call(app, members: dict[str, str]) -> str:
    """What the page answers to JSON that no client writes."""
    endpoint = Client(app.url, verbose=False).view_api(print_info=False, return_format="dict")
    data = []
    for parameter in endpoint["named_endpoints"]["/generate"]["parameters"]:
        name = parameter["parameter_name"]
        data.append(members.get(name, json.dumps(parameter.get("parameter_default"))))
    request = urllib.request.Request(
        app.url + "gradio_api/call/generate",
        data=('{"data": [' + ", ".join(data) + "]}").encode(),
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            event = json.load(answer)["event_id"]
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()}"
    with urllib.request.urlopen(f"{request.full_url}/{event}", timeout=60) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", '"nan"', '"inf"'])
@pytest.mark.parametrize("member", ["cfg", "width", "steps", "shift"])
def test_numbers_that_are_not_finite(app, client, member, value):
    answer = raw_call(app, {"prompt": '"a"', member: value})
    assert "Traceback" not in answer
    assert f"{member} is " in answer
    assert client.predict(prompt=PROMPT, steps=1, api_name="/generate")[0]


def test_files_of_the_machine_cannot_be_named(tmp_path):
    """Only what was uploaded is a picture to start from. Gradio sees to it."""
    app = start(tmp_path)
    try:
        for path in ("/etc/passwd", str(ROOT / "docs/small-model.png")):
            picture = {"path": path, "meta": {"_type": "gradio.FileData"}}
            answer = raw_call(app, {"prompt": '"a"', "init_image": json.dumps(picture)})
            assert "event: error" in answer and "decoder alone" not in answer
            assert "root:" not in answer
        client = Client(app.url, verbose=False)
        assert client.predict(prompt=PROMPT, steps=1, api_name="/generate")[0]
    finally:
        end(app)
    assert "because it was not uploaded by a user" in app.log.read_text()


@pytest.fixture(scope="module")
def own_models(synthetic, tmp_path_factory):
    """A page with models of its own, to be damaged, and where they lie."""
    folder = tmp_path_factory.mktemp("own")
    for kind, name, network in (
        ("diffusion_models", DIT, "dit"),
        ("text_encoders", QWEN3, "qwen3"),
        ("vae", VAE, "vae"),
    ):
        (folder / "models" / kind).mkdir(parents=True)
        shutil.copy(synthetic / network, folder / "models" / kind / name)
    with running(folder, ZANIME_MODELS_ROOT=str(folder / "models")) as app:
        yield app, folder / "models"


@pytest.mark.parametrize(
    "name", [f"diffusion_models/{DIT}", f"text_encoders/{QWEN3}", f"vae/{VAE}"]
)
@pytest.mark.parametrize("fault", ["truncated", "missing", "junk"])
def test_model_files(own_models, name, fault):
    app, root = own_models
    file = root / name
    client = Client(app.url, verbose=False)
    values = {"prompt": "a", "steps": 1, "width": 64, "height": 64, "model": DIT}
    values["api_name"] = "/generate"
    assert client.predict(**values, seed="1")[0]
    whole = file.read_bytes()
    file.unlink()  # not cut: whoever has it mapped keeps what was there
    (root / "clip" / file.name).unlink(missing_ok=True)  # the engine's link to it
    if fault != "missing":
        file.write_bytes(whole[: len(whole) // 2] if fault == "truncated" else b"junk" * 99)
    try:
        with pytest.raises(Exception, match=file.parent.name if fault == "missing" else file.name):
            client.predict(**values, seed="2")
    finally:
        file.write_bytes(whole)
    assert client.predict(**values, seed="3")[0]
