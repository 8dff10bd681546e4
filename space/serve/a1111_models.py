"""The bodies of AUTOMATIC1111's API, as far as they mean something here; the rest is ignored."""

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator
from zanime.serve.a1111_names import sampler_and_scheduler
from zanime.serve.openai_models import rounded
from zanime.serve.orders import SEEDS

_LORA = re.compile(r"<lora:([^:>]{1,255})(?::([-+]?\d{1,6}(?:\.\d{0,6})?))?(?::[^>]{0,64})?>")


class _Request(BaseModel):
    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {name: value for name, value in data.items() if value is not None}
        return data


class Settings(_Request):
    """Of `override_settings` and of /options. What else stands in them has no meaning here."""

    sd_model_checkpoint: str = Field("", max_length=255)
    sd_vae: str = Field("", max_length=255)


class TextRequest(_Request):
    prompt: str = ""
    negative_prompt: str = ""
    seed: int = Field(-1, ge=-1, lt=SEEDS)
    sampler_name: str = Field("", max_length=100)
    sampler_index: str = Field("", max_length=100)
    scheduler: str = Field("", max_length=100)
    steps: int | None = Field(None, ge=1)
    cfg_scale: float | None = None
    width: int | None = Field(None, ge=1, le=16384)
    height: int | None = Field(None, ge=1, le=16384)
    batch_size: int = Field(1, ge=1, le=100)
    n_iter: int = Field(1, ge=1, le=100)
    denoising_strength: float | None = Field(None, ge=0, le=1)
    enable_hr: bool = False
    hr_scale: float = 2.0
    hr_upscaler: str = Field("", max_length=100)
    hr_second_pass_steps: int = Field(0, ge=0)
    hr_resize_x: int = Field(0, ge=0, le=16384)
    hr_resize_y: int = Field(0, ge=0, le=16384)
    override_settings: Settings = Settings()
    send_images: bool = True

    @property
    def count(self) -> int:
        return self.batch_size * self.n_iter

    def members(self) -> dict[str, Any]:
        """Of GenerationParams, without the model."""
        sampler, scheduler = sampler_and_scheduler(
            self.sampler_name or self.sampler_index, self.scheduler
        )
        prompt, loras = without_loras(self.prompt)
        return {
            "prompt": prompt,
            "negative_prompt": without_loras(self.negative_prompt)[0],
            "expand": False,
            "width": rounded(self.width) if self.width else None,
            "height": rounded(self.height) if self.height else None,
            "seed": None if self.seed == -1 else self.seed,
            "steps": self.steps,
            "cfg": self.cfg_scale,
            "sampler": sampler,
            "scheduler": scheduler,
            "loras": loras,
        }


class TxtRequest(TextRequest):
    """Of /txt2img."""

    def members(self) -> dict[str, Any]:
        found = super().members()
        if self.enable_hr:
            found["hires"] = self._hires()
            found["hires_strength"] = self.denoising_strength
            found["hires_steps"] = self.hr_second_pass_steps or None
            found["hires_from"] = "latent" if self.hr_upscaler.startswith("Latent") else "picture"
        return found

    def _hires(self) -> float:
        if self.hr_resize_x and self.width:
            return self.hr_resize_x / self.width
        if self.hr_resize_y and self.height:
            return self.hr_resize_y / self.height
        return self.hr_scale


class ImgRequest(TextRequest):
    """Of /img2img."""

    init_images: list[str] = Field(max_length=16)
    mask: str = ""
    mask_blur: float = Field(0, ge=0, le=256)
    inpainting_mask_invert: int = Field(0, ge=0, le=1)
    include_init_images: bool = False

    def members(self) -> dict[str, Any]:
        strength = 0.75 if self.denoising_strength is None else self.denoising_strength
        return {**super().members(), "strength": strength}


def without_loras(prompt: str) -> tuple[str, list[tuple[str, float]]]:
    """The text, and the adapters that `<lora:NAME:STRENGTH>` in it names."""
    found = [(name, float(scale or 1)) for name, scale in _LORA.findall(prompt)]
    return (_LORA.sub("", prompt).strip() if found else prompt), found


class ImagesAnswer(BaseModel):
    images: list[str] = Field(description="PNG in bare base64.")
    parameters: dict[str, Any]
    info: str = Field(description="JSON.")


class PngInfoRequest(_Request):
    image: str


class PngInfo(BaseModel):
    info: str
    items: dict[str, str]
    parameters: dict[str, Any] = {}


class ProgressState(BaseModel):
    skipped: bool = False
    interrupted: bool = False
    stopping_generation: bool = False
    job: str = ""
    job_count: int = 0
    job_timestamp: str = "0"
    job_no: int = 0
    sampling_step: int = 0
    sampling_steps: int = 0


class Progress(BaseModel):
    progress: float
    eta_relative: float
    state: ProgressState
    current_image: str | None = None
    textinfo: str | None = None


class Script(BaseModel):
    txt2img: list[str] = []
    img2img: list[str] = []


class Embeddings(BaseModel):
    loaded: dict[str, Any] = {}
    skipped: dict[str, Any] = {}


class Sampler(BaseModel):
    name: str
    aliases: list[str]
    options: dict[str, str] = {}


class ScheduleType(BaseModel):
    name: str
    label: str
    aliases: list[str] = []
    default_rho: float = -1
    need_inner_model: bool = False


class ModelFile(BaseModel):
    title: str
    model_name: str
    hash: str | None = None
    sha256: str | None = None
    filename: str
    config: str | None = None


class Vae(BaseModel):
    model_name: str
    filename: str


class LoraFile(BaseModel):
    name: str
    alias: str
    path: str
    metadata: dict[str, Any] = {}


class Upscaler(BaseModel):
    name: str
    model_name: str | None = None
    model_path: str | None = None
    model_url: str | None = None
    scale: float | None = 4


class Named(BaseModel):
    name: str
