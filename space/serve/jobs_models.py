"""The bodies of /zanime/v1."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from zanime.serve.openai_models import Lora
from zanime.serve.orders import SEEDS


class JobRequest(BaseModel):
    """GenerationParams by their names, with pictures in base64. Null means absent."""

    model_config = ConfigDict(extra="forbid")

    prompt: str = ""
    negative_prompt: str = ""
    expand: bool = Field(False, description="Whether {a|b} and __name__ stand for something else.")
    wildcard_seed: int | None = Field(None, ge=0, lt=SEEDS)
    width: int | None = None
    height: int | None = None
    steps: int | None = None
    cfg: float | None = None
    sampler: str | None = None
    scheduler: str | None = None
    shift: float | None = None
    seed: int | None = Field(None, ge=0, lt=SEEDS)
    count: int = Field(1, ge=1, le=10_000, description="Pictures, with seeds one after another.")
    denoise: float | None = None
    init_image: str | None = Field(None, description="PNG, JPEG or WebP in base64.")
    mask: str | None = Field(None, description="White, or transparent, where it may change.")
    strength: float | None = None
    hires: float | None = None
    hires_strength: float | None = None
    hires_steps: int | None = None
    hires_from: Literal["", "picture", "latent"] = ""
    loras: list[Lora] = Field(default=[], max_length=16)
    model: str = Field("", max_length=255)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {name: value for name, value in data.items() if value is not None}
        return data

    def members(self) -> dict[str, Any]:
        """Of GenerationParams, without the pictures."""
        found = self.model_dump(exclude={"count", "init_image", "mask", "loras", "hires_from"})
        found["hires_from"] = self.hires_from or None
        found["loras"] = [(lora.name, lora.scale) for lora in self.loras]
        return found


class PictureInfo(BaseModel):
    id: str
    job: str
    place: int = Field(description="Within its job.")
    number: int = Field(description="Of the gallery: what is newer has a higher one.")
    seed: str = Field(description="As text: it has 64 bits.")
    width: int
    height: int
    seconds: float
    created: float
    parameters: str
    url: str


class JobInfo(BaseModel):
    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled", "put back"]
    count: int
    position: int = Field(description="Jobs before it, about.")
    step: int = 0
    steps: int = 0
    seed: str
    created: float
    ended: float | None = None
    error: dict[str, Any] | None = None
    pictures: list[PictureInfo]


class JobList(BaseModel):
    jobs: list[JobInfo]


class Gallery(BaseModel):
    pictures: list[PictureInfo]
    next: int | None = Field(None, description="`before` of what comes next; null: no more.")


class PlainError(BaseModel):
    detail: Any
    error: str = ""
    errors: str = ""
