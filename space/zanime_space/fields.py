"""The controls of the page. Their ranges are offers: what is wrong is said by GenerationParams."""

from dataclasses import dataclass
from typing import Any, TypeVar

import gradio as gr
import zanime

from .offers import AUTOMATIC, Offers

_Component = TypeVar("_Component", gr.Slider, gr.Textbox)


def _unchecked(component: _Component) -> _Component:
    """Its values go on as they came, to be checked once."""
    component.preprocess = lambda payload: payload
    return component


def _as_uploaded(image: gr.Image) -> gr.Image:
    """The file goes on as it is: the engine reads it, or says why not."""
    image.preprocess = lambda payload: payload.path if payload else None
    return image


@dataclass
class Fields:
    """In the order of request.params_from()."""

    prompt: gr.Textbox
    negative_prompt: gr.Textbox
    width: gr.Textbox
    height: gr.Textbox
    steps: gr.Slider
    cfg: gr.Slider
    sampler: gr.Dropdown
    scheduler: gr.Dropdown
    shift: gr.Slider
    seed: gr.Textbox
    batch: gr.Slider
    model: gr.Dropdown
    adapters: gr.Dropdown
    adapter_strength: gr.Slider
    init_image: gr.Image
    strength: gr.Slider
    control: gr.Dropdown
    control_image: gr.Image
    control_strength: gr.Slider
    control_canny: gr.Checkbox

    def inputs(self) -> list[gr.components.Component]:
        return list(vars(self).values())


@dataclass
class Controls:
    """What is not a value of the request."""

    size: gr.Radio
    dice: gr.Button
    generate: gr.Button
    stop: gr.Button


def _slider(label: str, member: str, value: float, step: float, **options: Any) -> gr.Slider:
    least, most = zanime.limits()[member]
    return _unchecked(
        gr.Slider(
            options.pop("least", least),
            options.pop("most", most),
            value,
            step=step,
            label=label,
            **options,
        )
    )


def _choice(label: str, choices: list[Any], value: str) -> gr.Dropdown:
    return gr.Dropdown(
        choices,
        value=value,
        label=label,
        allow_custom_value=True,
        min_width=140,
        elem_id=label.lower(),
    )


def _side(label: str, info: str) -> gr.Textbox:
    """As text: gr.Number makes 0 of nothing as soon as it is seen."""
    return _unchecked(
        gr.Textbox(
            label=label,
            info=info,
            placeholder="automatic",
            max_lines=1,
            min_width=120,
            elem_id=label.lower(),
        )
    )


def build_asked() -> tuple[gr.Textbox, gr.Textbox, gr.Button, gr.Button]:
    """Prompt, negative prompt, generate, stop."""
    prompt = gr.Textbox(
        label="Prompt",
        lines=3,
        max_lines=10,
        elem_id="prompt",
        autofocus=True,
        placeholder="What should be in the picture? Tags or sentences, in any language.",
    )
    negative = gr.Textbox(
        label="Negative prompt",
        lines=2,
        max_lines=6,
        visible=False,
        elem_id="negative",
        placeholder="What should not be in it",
    )
    with gr.Row():
        generate = gr.Button(
            "Generate", variant="primary", scale=3, min_width=120, elem_id="generate"
        )
        stop = gr.Button(
            "Stop", variant="stop", scale=1, min_width=80, interactive=False, elem_id="stop"
        )
    return prompt, negative, generate, stop


def build_settings(
    offers: Offers, asked: tuple[gr.Textbox, gr.Textbox, gr.Button, gr.Button]
) -> tuple[Fields, Controls]:
    """The other controls; the request's own defaults are shown."""
    prompt, negative, generate, stop = asked
    defaults = zanime.GenerationParams()
    size = gr.Radio(
        offers.sizes,
        value=AUTOMATIC,
        label="Size",
        elem_id="size",
        info="automatic: what the model was made for, or the init image's",
    )
    with gr.Row(elem_classes="zn-seed"):
        seed = gr.Textbox(
            label="Seed", placeholder="random", max_lines=1, scale=4, min_width=140, elem_id="seed"
        )
        dice = gr.Button("⚄", scale=1, min_width=48, elem_id="dice", size="md")
        batch = _slider("Pictures", "batch", defaults.batch, 1, most=8, scale=4, min_width=140)
    with gr.Accordion("Sampling", open=False):
        with gr.Row():
            steps = _slider("Steps", "steps", defaults.steps, 1, min_width=140)
            cfg = _slider(
                "Guidance (cfg)",
                "cfg",
                defaults.cfg,
                0.1,
                most=10,
                min_width=140,
                elem_id="cfg",
                info="1: none, and half the work",
            )
        with gr.Row():
            sampler = _choice("Sampler", zanime.samplers(), defaults.sampler)
            scheduler = _choice("Scheduler", zanime.schedulers(), defaults.scheduler)
        with gr.Row():
            shift = _slider("Shift", "shift", defaults.shift, 0.1, most=12, min_width=140)
        model = _choice("Model", offers.models, AUTOMATIC)
    with gr.Accordion("Free size", open=False), gr.Row():
        width = _side("Width", f"pixels, a multiple of {zanime.SIDE_STEP}")
        height = _side("Height", "empty: automatic")
    with gr.Accordion("Start from a picture", open=False):
        init_image = _as_uploaded(
            gr.Image(
                label="Init image",
                type="filepath",
                sources=["upload", "clipboard"],
                height=220,
                elem_id="init-image",
            )
        )
        strength = _slider(
            "Strength",
            "strength",
            zanime.DEFAULT_STRENGTH,
            0.05,
            info="0 keeps the picture, 1 keeps nothing of it",
        )
    with gr.Accordion("Follow a control picture", open=False):
        control_image = _as_uploaded(
            gr.Image(
                label="Control picture",
                type="filepath",
                sources=["upload", "clipboard"],
                height=220,
                elem_id="control-image",
            )
        )
        control = gr.Dropdown(
            offers.controls,
            value=offers.controls[0] if offers.controls else None,
            label="Control net",
            allow_custom_value=True,
            elem_id="control",
            info="file of model_patches/, which follows edges, a depth or a pose",
        )
        with gr.Row():
            control_strength = _slider(
                "Strength of the control",
                "control_strength",
                defaults.control_strength,
                0.05,
                least=0,
                most=2,
                min_width=140,
            )
            control_canny = gr.Checkbox(
                defaults.control_canny,
                label="Draw its edges first",
                min_width=140,
                elem_id="control-canny",
            )
    with gr.Accordion("Adapters (LoRA)", open=False):
        adapters = gr.Dropdown(
            offers.adapters,
            value=[],
            multiselect=True,
            label="Adapters",
            allow_custom_value=True,
            elem_id="adapters",
            info="files of loras/; NAME:0.8 sets one's own strength",
        )
        adapter_strength = _slider(
            "Strength of the adapters", "lora_strength", 1.0, 0.05, least=-2, most=2
        )
    return (
        Fields(
            prompt,
            negative,
            width,
            height,
            steps,
            cfg,
            sampler,
            scheduler,
            shift,
            seed,
            batch,
            model,
            adapters,
            adapter_strength,
            init_image,
            strength,
            control,
            control_image,
            control_strength,
            control_canny,
        ),
        Controls(size, dice, generate, stop),
    )
