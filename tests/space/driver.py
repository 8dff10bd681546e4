"""What a person does on the page. With ZANIME_SCREENSHOTS=FOLDER the tests leave pictures of it
there, to be looked at."""

import os
from pathlib import Path

from conftest import PROMPT


def open_section(page, title: str, first: str):
    """Opens an accordion, of which `first` is the selector of an input. Gradio sets the values of
    what is in it once more in the first frame that shows it, which nobody types before."""
    page.click(f"button:has-text('{title}')")
    page.wait_for_selector(first, state="visible")
    page.evaluate(
        "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )


def number(label: str) -> str:
    """The selector of the input beside a slider."""
    return f"input[aria-label='number input for {label}']"


def write(page, prompt=PROMPT, **fields: str):
    page.fill("#prompt textarea", prompt)
    for name, value in fields.items():
        page.fill(f"#{name} input, #{name} textarea", value)


def type_into(page, selector: str, text: str):
    """Key by key, in place of what is there."""
    page.click(selector, click_count=3)
    page.keyboard.press("Delete")
    page.keyboard.type(text)


def generate(page, key: str | None = None):
    """By the button or by this key. While a picture is made the button does nothing more, and Stop
    can be pressed."""
    page.wait_for_function("document.querySelector('#stop').disabled")
    if key:
        page.keyboard.press(key)
    else:
        page.click("#generate")


def wait_for_status(page, pattern: str):
    page.wait_for_function(
        "pattern => new RegExp(pattern).test(document.querySelector('#status').textContent)",
        arg=pattern,
    )


def picture_bytes(page) -> bytes:
    return page.request.get(page.get_attribute("#gallery img", "src")).body()


def screenshot(page, name: str, full_page=True):
    if folder := os.environ.get("ZANIME_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(500)  # until what moves has come to rest
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=full_page)
