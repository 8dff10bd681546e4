"""The bodies of OpenAI's Images API, with fields of our own beside theirs."""

import re
from typing import Any, Literal

import zanime
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator, model_validator
from zanime.serve.encoding import Format
from zanime.serve.orders import SEEDS

_ALIASES = re.compile(r"(dall-e|gpt-image|chatgpt-image)-.*|zanime|default|auto|", re.DOTALL)


class Lora(BaseModel):
    name: str = Field(min_length=1, max_length=255)
    scale: float = Field(1.0, ge=-100, le=100)


class ImageRequest(BaseModel):
    """Of /generations, and the fields of /edits that are no files. Null means absent; what is not
    listed is ignored."""

    model_config = ConfigDict(extra="ignore")

    prompt: str = Field(min_length=1)
    model: str = Field("", max_length=255, description="A file of diffusion_models, or an alias.")
    n: int = Field(1, ge=1, le=10)
    size: str = Field("auto", description="auto or WIDTHxHEIGHT; rounded to multiples of 8.")
    quality: str = Field("auto", description="Has no effect: `steps` has.")
    output_format: Format = "png"
    output_compression: int = Field(100, ge=0, le=100)
    response_format: Literal["b64_json", "url"] = "b64_json"
    background: Literal["auto", "opaque", "transparent"] = "auto"
    moderation: str = ""
    style: str = ""
    user: str = ""
    stream: bool = False
    partial_images: int = Field(0, ge=0, le=3)
    seed: int | None = Field(None, ge=-1, lt=SEEDS, description="-1: random.")
    steps: int | None = Field(
        None, validation_alias=AliasChoices("steps", "num_inference_steps"), ge=1
    )
    cfg_scale: float | None = Field(
        None, validation_alias=AliasChoices("cfg_scale", "guidance_scale")
    )
    negative_prompt: str = ""
    sampler: str | None = None
    scheduler: str | None = None
    strength: float | None = Field(None, ge=0, le=1, description="Of /edits.")
    lora: list[Lora] = Field(default=[], max_length=16)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        if isinstance(data, dict):
            return {name: value for name, value in data.items() if value is not None}
        return data

    @field_validator("size")
    @classmethod
    def _is_size(cls, size: str) -> str:
        if size != "auto" and not re.fullmatch(r"[1-9]\d{0,4}x[1-9]\d{0,4}", size, re.ASCII):
            raise ValueError("must be auto or WIDTHxHEIGHT, such as 832x1216")
        return size

    def sides(self) -> tuple[int | None, int | None]:
        if self.size == "auto":
            return None, None
        width, height = (rounded(int(side)) for side in self.size.split("x"))
        return width, height

    def members(self) -> dict[str, Any]:
        """Of GenerationParams."""
        width, height = self.sides()
        return {
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            "expand": False,  # other programs' braces mean themselves
            "width": width,
            "height": height,
            "seed": None if self.seed == -1 else self.seed,
            "steps": self.steps,
            "cfg": self.cfg_scale,
            "sampler": self.sampler,
            "scheduler": self.scheduler,
            "loras": [(lora.name, lora.scale) for lora in self.lora],
        }


def rounded(side: int) -> int:
    """The nearest side that pictures may have."""
    least, most = zanime.limits()["width"]
    step = zanime.SIDE_STEP
    nearest = (side + step // 2) // step * step
    return nearest if least <= nearest <= most else side  # which is told with the limits


def is_alias(model: str) -> bool:
    """Whether it means the default model."""
    return _ALIASES.fullmatch(model.lower()) is not None


class PictureData(BaseModel):
    b64_json: str | None = None
    url: str | None = None
    seed: int
    id: str = Field(description="Of /zanime/v1/gallery.")


class TokenDetails(BaseModel):
    image_tokens: int = 0
    text_tokens: int = 0


class Usage(BaseModel):
    """Nothing is counted in tokens here."""

    input_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    input_tokens_details: TokenDetails = TokenDetails()


class ImagesResponse(BaseModel):
    created: int
    data: list[PictureData]
    seed: int = Field(description="Of the first picture; the others follow it.")
    background: Literal["opaque"] = "opaque"
    output_format: Format
    quality: str
    size: str
    usage: Usage = Usage()


class Model(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "zanime"


class ModelList(BaseModel):
    object: Literal["list"] = "list"
    data: list[Model]


class ErrorDetails(BaseModel):
    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorBody(BaseModel):
    error: ErrorDetails
