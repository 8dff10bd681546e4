"""What every engine is asked for, and what is measured of it."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

SAMPLER, SCHEDULER, SHIFT, CFG = "euler", "simple", 3.0, 1.0


class PeerError(Exception):
    """Why an engine gave no result: what was found, and what to do."""


@dataclasses.dataclass(frozen=True)
class Request:
    """One picture. The model files lie in the folders of `models_root` that ComfyUI looks in."""

    models_root: Path
    model: str
    text_encoder: str
    vae: str
    prompt: str
    side: int
    steps: int
    seed: int
    threads: int

    def file(self, folder: str, name: str) -> Path:
        return self.models_root / folder / name

    def workflow(self) -> dict:
        """ComfyUI's API form of the graph that a plain request becomes.

        One text encoding: with a cfg of 1 the negative conditioning is not looked at, and
        stable-diffusion.cpp does not encode one either.
        """

        def node(class_type: str, **inputs) -> dict:
            return {"class_type": class_type, "inputs": inputs}

        return {
            "model": node("UNETLoader", unet_name=self.model, weight_dtype="default"),
            "clip": node(
                "CLIPLoader", clip_name=self.text_encoder, type="lumina2", device="default"
            ),
            "vae": node("VAELoader", vae_name=self.vae),
            "flow": node("ModelSamplingAuraFlow", model=["model", 0], shift=SHIFT),
            "text": node("CLIPTextEncode", clip=["clip", 0], text=self.prompt),
            "latent": node("EmptyLatentImage", width=self.side, height=self.side, batch_size=1),
            "sampler": node(
                "KSampler",
                model=["flow", 0],
                positive=["text", 0],
                negative=["text", 0],
                latent_image=["latent", 0],
                seed=self.seed,
                steps=self.steps,
                cfg=CFG,
                sampler_name=SAMPLER,
                scheduler=SCHEDULER,
                denoise=1.0,
            ),
            "decode": node("VAEDecode", samples=["sampler", 0], vae=["vae", 0]),
            "save": node("SaveImage", images=["decode", 0], filename_prefix="peer"),
        }

    def write_workflow(self, path: Path) -> Path:
        path.write_text(json.dumps(self.workflow(), indent=2))
        return path


@dataclasses.dataclass(frozen=True)
class Measurement:
    """Seconds, and bytes of the process and its children together."""

    version: str
    start: float  # launch to the first step, without encoding: start, loading, preparing
    encode: float
    step: float
    decode: float
    total: float  # launch to the finished picture
    peak_anonymous: int
    peak_resident: int  # mapped files included, which the system may drop
    picture: Path


def split_stages(launched: float, encode: float, step_ends: Sequence[float]) -> tuple[float, float]:
    """(start, step) in seconds, of the moments at which the steps ended.

    No engine tells when its first step began: loading, casting and the caption's branch come
    before it unannounced. A later step has nothing but itself, so that what the first one took
    longer belongs to the start.
    """
    if len(step_ends) < 2:
        raise PeerError(f"reported {len(step_ends)} steps, expected at least 2")
    step = (step_ends[-1] - step_ends[0]) / (len(step_ends) - 1)
    return step_ends[0] - step - encode - launched, step
