"""The page as people use it, in a Chromium without a window."""

import re

import pytest
from conftest import PROMPT
from driver import (
    generate,
    number,
    open_section,
    picture_bytes,
    screenshot,
    type_into,
    wait_for_status,
    write,
)

SEED = "18446744073709551615"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_a_prompt_becomes_a_picture(open_page, program_picture, width, height, scheme):
    page = open_page(width, height, scheme)
    write(page, seed=SEED)
    generate(page, "Control+Enter" if scheme == "dark" else None)
    page.wait_for_selector("#gallery img")
    wait_for_status(page, "is done after")
    assert page.input_value("#seed-used input, #seed-used textarea") == SEED
    # What is shown is the program's file, metadata and all.
    assert picture_bytes(page) == program_picture(PROMPT, "--seed", SEED)
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
    screenshot(page, f"space-{width}-{scheme}")


def test_stop_stops(open_page):
    page = open_page()
    open_section(page, "Free size", "#width input")
    open_section(page, "Sampling", number("Steps"))
    write(page, width="512", height="512")
    page.fill(number("Steps"), "100")
    assert page.is_disabled("#stop")
    generate(page)
    wait_for_status(page, r"Step \d+ of 100")
    assert page.locator("#status img").count() == 1  # the preview
    screenshot(page, "space-progress")
    page.click("#stop")
    wait_for_status(page, "Stopped")
    page.wait_for_function("document.querySelector('#stop').disabled")


@pytest.mark.parametrize("key", [None, "Control+Enter"])
def test_what_was_typed_last_counts(open_page, key):
    """Also where nothing says that the typing is over: no Tab, no look elsewhere."""

    def made() -> str:
        generate(page, key)
        wait_for_status(page, "is done after")
        text = page.input_value("#settings textarea")
        write(page, seed="never")
        generate(page)  # so that the next one shows
        wait_for_status(page, "must be a whole number")
        return text

    page = open_page()
    open_section(page, "Sampling", number("Steps"))
    open_section(page, "Free size", "#width input")
    open_section(page, "Settings as text, and the files", "#settings textarea")
    for selector, text, told in [
        ("#seed input, #seed textarea", "77", "Seed: 77"),
        ("#prompt textarea", "a cat", "a cat\n"),
        (number("Steps"), "3", "Steps: 3"),
        (number("Shift"), "4.5", "Shift: 4.5"),
        ("#height input", "96", "Size: 128x96"),
        ("input[aria-label='Sampler']", "heun", "Sampler: heun"),
    ]:
        write(page, seed="5")
        type_into(page, selector, text)
        assert told in made()


def test_an_error_is_a_toast_and_the_page_goes_on(open_page):
    page = open_page()
    write(page, seed="never")
    generate(page)
    toast = page.wait_for_selector(".toast-body.error")
    assert 'seed is "never", but must be a whole number' in toast.inner_text()
    assert "Traceback" not in page.content()
    page.wait_for_function("document.querySelector('#stop').disabled")
    screenshot(page, "space-error", full_page=False)
    write(page, seed="1")
    generate(page)
    wait_for_status(page, "is done after")


def test_the_size_is_free_and_seen_beside_the_presets(open_page):
    page = open_page()
    chosen = "() => document.querySelector('#size input:checked')?.value ?? ''"
    open_section(page, "Free size", "#width input")
    assert page.input_value("#width input") == page.input_value("#height input") == ""
    write(page, seed="7")
    generate(page)  # with the section open and nothing in it
    wait_for_status(page, "is done after.*seed 7")
    page.click("#size label:has-text('128 x 128')")
    page.wait_for_function("document.querySelector('#height input').value == '128'")
    type_into(page, "#width input", "136")
    page.wait_for_function(f"({chosen})() == ''")
    type_into(page, "#width input", "128")
    page.wait_for_function(f"({chosen})() == '128x128'")
    page.click("#size label:has-text('automatic')")
    page.wait_for_function("document.querySelector('#width input').value == ''")


def test_dice_examples_guidance_and_history(open_page):
    page = open_page()
    page.click("#dice")
    page.wait_for_function("document.querySelector('#seed input, #seed textarea').value != ''")
    seed = page.input_value("#seed input, #seed textarea")
    assert re.fullmatch(r"\d{1,20}", seed) and int(seed) < 2**64
    page.click(f"text={PROMPT}")
    page.wait_for_function("document.querySelector('#prompt textarea').value != ''")
    assert not page.is_visible("#negative textarea")
    open_section(page, "Sampling", number("Steps"))
    page.fill(number("Guidance (cfg)"), "2")
    page.keyboard.press("Tab")
    page.wait_for_selector("#negative textarea", state="visible")
    page.click("#size label:has-text('128 x 128')")
    generate(page)
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
    screenshot(page, "space-history")
