"""The page as people use it, in a Chromium without a window. With ZANIME_SCREENSHOTS=FOLDER it
leaves pictures of itself there, to be looked at."""

import os
import re
import shutil
from pathlib import Path

import pytest
from conftest import PROMPT
from playwright import sync_api as playwright

BROWSER = os.environ.get("ZANIME_BROWSER") or shutil.which("chromium-headless-shell")
SEED = "18446744073709551615"


@pytest.fixture(scope="module")
def browser():
    assert BROWSER, "no Chromium: install chromium-headless-shell or set ZANIME_BROWSER"
    with playwright.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def open_page(browser, app):
    """Pages whose consoles stay clean and who load nothing from elsewhere."""
    contexts, complaints = [], []

    def opened(width=1280, height=900, scheme="light"):
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                complaints.append(f"asks for {request.url}")
                if not request.url.startswith((app.url, "data:", "blob:"))
                else None
            ),
        )
        page.goto(app.url)
        page.wait_for_selector("#generate")
        page.wait_for_timeout(500)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def write(page, prompt=PROMPT, **fields: str):
    page.fill("#prompt textarea", prompt)
    for name, value in fields.items():
        page.fill(f"#{name} input, #{name} textarea", value)


def wait_for_status(page, pattern: str):
    page.wait_for_function(
        "pattern => new RegExp(pattern).test(document.querySelector('#status').textContent)",
        arg=pattern,
    )


def picture_bytes(page, app) -> bytes:
    source = page.get_attribute("#gallery img", "src")
    return page.request.get(source).body()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_a_prompt_becomes_a_picture(open_page, app, program_picture, width, height, scheme):
    page = open_page(width, height, scheme)
    write(page, seed=SEED)
    if scheme == "light":
        page.click("#generate")
    else:
        page.keyboard.press("Control+Enter")
    page.wait_for_selector("#gallery img")
    wait_for_status(page, "is done after")
    assert page.input_value("#seed-used input, #seed-used textarea") == SEED
    # What is shown is the program's file, metadata and all.
    assert picture_bytes(page, app) == program_picture(PROMPT, "--seed", SEED)
    shape = page.evaluate(
        "() => { const img = document.querySelector('#gallery img'),"
        " box = document.querySelector('#gallery').getBoundingClientRect(),"
        " at = img.getBoundingClientRect();"
        " return [img.naturalWidth, at.bottom <= box.bottom + 1, at.width > 100] }"
    )
    assert shape == [128, True, True]  # seen whole
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    is_dark = page.evaluate("document.body.classList.contains('dark')")
    assert is_dark == (scheme == "dark")
    if folder := os.environ.get("ZANIME_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(500)
        page.screenshot(path=Path(folder) / f"space-{width}-{scheme}.png", full_page=True)


def test_stop_stops(open_page):
    page = open_page()
    page.click("text=Free size")
    write(page, width="512", height="512")
    page.click("text=Sampling")
    page.fill("input[aria-label='number input for Steps']", "100")
    assert page.is_disabled("#stop")
    page.click("#generate")
    wait_for_status(page, r"Step \d+ of 100")
    assert page.locator("#status img").count() == 1  # the preview
    if folder := os.environ.get("ZANIME_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "space-progress.png", full_page=True)
    page.click("#stop")
    wait_for_status(page, "Stopped")
    page.wait_for_function("document.querySelector('#stop').disabled")


def test_an_error_is_a_toast_and_the_page_goes_on(open_page):
    page = open_page()
    write(page, seed="never")
    page.click("#generate")
    toast = page.wait_for_selector(".toast-body")
    assert 'seed is "never", but must be a whole number' in toast.inner_text()
    assert "Traceback" not in page.content()
    if folder := os.environ.get("ZANIME_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "space-error.png")
    write(page, seed="1")
    page.click("#generate")
    wait_for_status(page, "is done after")


def test_dice_examples_guidance_and_history(open_page):
    page = open_page()
    page.click("#dice")
    page.wait_for_function("document.querySelector('#seed input, #seed textarea').value != ''")
    seed = page.input_value("#seed input, #seed textarea")
    assert re.fullmatch(r"\d{1,20}", seed) and int(seed) < 2**64
    page.click(f"text={PROMPT}")
    page.wait_for_function("document.querySelector('#prompt textarea').value != ''")
    assert not page.is_visible("#negative textarea")
    page.click("text=Sampling")
    page.wait_for_timeout(500)  # until it is open
    page.fill("input[aria-label='number input for Guidance (cfg)']", "2")
    page.keyboard.press("Tab")
    page.wait_for_selector("#negative textarea", state="visible")
    page.click("#size label:has-text('128 x 128')")
    page.click("#generate")
    wait_for_status(page, "is done after")
    page.click("text=Settings as text, and the files")
    text = page.input_value("#settings textarea")
    assert f"Seed: {seed}" in text and "CFG scale: 2" in text and "Size: 128x128" in text
    page.wait_for_selector("#files a[download]")

    page.click("text=Earlier in this session")
    write(page, "something else", seed="")
    page.click("#history-gallery img")
    page.wait_for_function(
        "document.querySelector('#history-settings textarea').value.includes('Seed')"
    )
    page.click("text=Use these settings")
    page.wait_for_function(
        f"document.querySelector('#seed input, #seed textarea').value == '{seed}'"
    )
    assert page.input_value("#prompt textarea") == PROMPT
    if folder := os.environ.get("ZANIME_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "space-history.png", full_page=True)
