"""The page: what is where, and what happens when."""

from typing import Any

import gradio as gr
import zanime

from . import fields, look, views
from .bootstrap import Bootstrap
from .compute import ON_ZEROGPU
from .fields import Controls, Fields
from .history import Entry
from .jobs import Jobs
from .line import Line
from .offers import AUTOMATIC, listed, offers
from .settings import Settings

_TITLE = "Z-Anime"
_PLACES_ON_ZEROGPU = 8
# Of what happens within the page: at once, unseen, and not for scripts.
_PRIVATE: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}


def build(settings: Settings, bootstrap: Bootstrap, line: Line | None = None) -> gr.Blocks:
    """`line`: one that others than the page's visitors stand in too."""
    now = offers()
    # ZeroGPU has a line of its own; elsewhere there is one worker.
    jobs = Jobs(line or Line(_PLACES_ON_ZEROGPU if ON_ZEROGPU else 1, settings.longest_line))
    # Uploads and copies of pictures are kept for a day.
    with gr.Blocks(title=_TITLE, analytics_enabled=False, delete_cache=(3600, 86400)) as page:
        history = gr.State([])
        gr.HTML(
            f'<div class="zn-head"><h1>{_TITLE}</h1>'
            f"<p>pictures from a prompt, by the engine zanime {zanime.__version__}</p></div>",
            elem_classes="zn-plain",
        )
        note = gr.HTML(now.note, visible=bool(now.note), elem_classes="zn-plain")
        download = gr.HTML(bootstrap.banner(), visible=bootstrap.running, elem_classes="zn-plain")
        with gr.Row(elem_classes="zn-grid", equal_height=False):
            with gr.Column(elem_classes="zn-ask"):
                question = fields.build_asked()
            with gr.Column(elem_classes="zn-result"):
                outputs = _results()
                examples = gr.Dataset(
                    components=[gr.Textbox(visible=False)],
                    samples=now.examples,
                    label="Examples",
                    samples_per_page=8,
                )
            with gr.Column(elem_classes="zn-settings"):
                asked, controls = fields.build_settings(now, question)
        earlier = _earlier()

        _generate(jobs, asked, controls, [*outputs, history])
        _small_things(asked, controls, examples)
        _history(history, earlier, asked, controls)
        _refresh(page, bootstrap, note, download, asked, controls, examples)
        gr.api(
            _models,
            api_name="models",
            queue=False,
            api_description="Names of the model files, and which one is taken by default.",
        )

        def end(request: gr.Request) -> None:
            jobs.cancel(_session(request))

        page.unload(end)
    return page


def _session(request: gr.Request | None) -> str:
    return (request and request.session_hash) or "nobody"


def _models() -> dict:
    return listed()


# gallery, seed, time, settings, files, status
def _results() -> list[gr.components.Component]:
    status = gr.HTML(views.READY, label="Status", elem_id="status", elem_classes="zn-plain")
    gallery = gr.Gallery(
        label="Pictures",
        columns=2,
        height="auto",
        object_fit="contain",
        format="png",
        buttons=["download", "fullscreen"],
        elem_id="gallery",
        interactive=False,
    )
    with gr.Row():
        seed = gr.Textbox(
            label="Seed used",
            buttons=["copy"],
            interactive=False,
            min_width=140,
            elem_id="seed-used",
        )
        time = gr.Textbox(label="Time taken", interactive=False, min_width=100, elem_id="time")
    with gr.Accordion("Settings as text, and the files", open=False):
        settings = gr.Textbox(
            label="Settings", buttons=["copy"], lines=4, interactive=False, elem_id="settings"
        )
        files = gr.Files(label="PNG files", interactive=False, elem_id="files")
    return [gallery, seed, time, settings, files, status]


def _earlier() -> tuple[gr.Gallery, gr.Textbox, gr.Button, gr.State]:
    with gr.Accordion("Earlier in this session", open=False, elem_id="history"):
        gallery = gr.Gallery(
            show_label=False,
            columns=6,
            height="auto",
            object_fit="contain",
            format="png",
            allow_preview=False,
            buttons=[],
            interactive=False,
            elem_id="history-gallery",
        )
        settings = gr.Textbox(
            label="Its settings",
            lines=3,
            buttons=["copy"],
            interactive=False,
            elem_id="history-settings",
        )
        use = gr.Button("Use these settings", size="sm", interactive=False)
    return gallery, settings, use, gr.State(None)


def _generate(jobs: Jobs, asked: Fields, controls: Controls, outputs: list[Any]) -> None:
    history = outputs[-1]

    async def generate(
        prompt=None, negative_prompt=None, width=None, height=None, steps=None, cfg=None,
        sampler=None, scheduler=None, shift=None, seed=None, batch=None, model=None, adapters=None,
        adapter_strength=None, init_image=None, strength=None, control=None, control_image=None,
        control_strength=None, control_canny=None, history=None, request: gr.Request = None,
    ):  # fmt: skip
        """Makes pictures: their files, the seed, the time taken, the settings as text, the files
        again for download, and the status as HTML. Without pictures it was stopped."""
        values = (
            prompt, negative_prompt, width, height, steps, cfg, sampler, scheduler, shift, seed,
            batch, model, adapters, adapter_strength, init_image, strength, control, control_image,
            control_strength, control_canny,
        )  # fmt: skip
        async for outputs in jobs.generate(history, _session(request), *values):
            yield outputs

    async def cancel(request: gr.Request) -> str:
        """Stops what this session has running or waiting, and says what it did."""
        return jobs.cancel(_session(request))

    controls.generate.click(None, None, controls.stop, js=look.ENABLED, api_visibility="private")
    made = controls.generate.click(
        generate,
        [*asked.inputs(), history],
        outputs,
        api_name="generate",
        concurrency_limit=None,
        show_progress="hidden",
        trigger_mode="once",
    )
    for over in (made.then, made.failure):  # after an error Gradio forgets the first
        over(None, None, controls.stop, js=look.DISABLED, api_visibility="private")
    answer = gr.Textbox(label="What was stopped", visible=False)
    controls.stop.click(
        cancel, None, answer, api_name="cancel", queue=False, show_progress="hidden"
    )


def _small_things(asked: Fields, controls: Controls, examples: gr.Dataset) -> None:
    controls.dice.click(None, None, asked.seed, js=look.DICE, api_visibility="private")

    def sides(size: str) -> tuple[int | None, int | None]:
        if size == AUTOMATIC:
            return None, None
        width, _, height = size.partition("x")
        return int(width), int(height)

    controls.size.input(sides, controls.size, [asked.width, asked.height], **_PRIVATE)
    gr.on(
        [asked.width.input, asked.height.input],
        None,
        [asked.width, asked.height],
        controls.size,
        js=look.SIZE_OF,
        api_visibility="private",
    )

    def shown(cfg: Any) -> gr.Textbox:
        return gr.Textbox(visible=isinstance(cfg, (int, float)) and cfg > 1)

    moved = [asked.cfg.change, asked.cfg.input, asked.cfg.release]
    gr.on(moved, shown, asked.cfg, asked.negative_prompt, **_PRIVATE)
    examples.click(lambda sample: sample[0], examples, asked.prompt, **_PRIVATE)


def _history(
    history: gr.State,
    earlier: tuple[gr.Gallery, gr.Textbox, gr.Button, gr.State],
    asked: Fields,
    controls: Controls,
) -> None:
    gallery, settings, use, chosen = earlier

    def show(entries: list[Entry]) -> list[tuple[str, str]]:
        return [(entry.file, f"seed {entry.seed}") for entry in entries]

    def choose(entries: list[Entry], event: gr.SelectData):
        entry = entries[event.index]
        return entry.parameters, entry, gr.Button(interactive=True)

    def use_again(entry: Entry):
        params = entry.params
        return (
            params.prompt,
            params.negative_prompt,
            params.width,
            params.height,
            params.steps,
            params.cfg,
            params.sampler,
            params.scheduler,
            params.shift,
            entry.seed,
            params.batch,
            params.model,
            [f"{name}:{value:g}" for name, value in params.loras],
        )

    history.change(show, history, gallery, **_PRIVATE)
    gallery.select(choose, history, [settings, chosen, use], **_PRIVATE)
    use.click(use_again, chosen, asked.inputs()[:13], **_PRIVATE).then(
        None,
        [asked.width, asked.height],
        controls.size,
        js=look.SIZE_OF,
        api_visibility="private",
    )


def _refresh(
    page: gr.Blocks, bootstrap: Bootstrap, note: gr.HTML, download: gr.HTML, asked: Fields,
    controls: Controls, examples: gr.Dataset,
) -> None:  # fmt: skip
    """The page as it is loaded, and while the full model is on its way, follows what is there."""
    timer = gr.Timer(2, active=bootstrap.running)

    def follow():
        banner = bootstrap.banner()
        return gr.HTML(banner, visible=bool(banner)), gr.Timer(active=bootstrap.running)

    def look_again():
        now = offers()
        return (
            gr.HTML(now.note, visible=bool(now.note)),
            gr.Dropdown(choices=now.models),
            gr.Dropdown(choices=now.adapters),
            gr.Dropdown(choices=now.controls),
            gr.Radio(choices=now.sizes),
            gr.Dataset(samples=now.examples),
        )

    changing = [note, asked.model, asked.adapters, asked.control, controls.size, examples]
    page.load(follow, None, [download, timer], **_PRIVATE)
    page.load(look_again, None, changing, **_PRIVATE)
    timer.tick(follow, None, [download, timer], **_PRIVATE).then(
        look_again, None, changing, **_PRIVATE
    )
