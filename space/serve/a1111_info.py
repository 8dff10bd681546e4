"""What AUTOMATIC1111's answers say about pictures: the JSON text `info`, and what a PNG holds."""

import datetime
import io
import json

import PIL.Image
import zanime
from zanime.serve.a1111_models import TextRequest
from zanime.serve.errors import Refusal
from zanime.serve.jobs import Job
from zanime.serve.uploads import Raster


def info_of(job: Job, asked: TextRequest) -> str:
    """With the names under which clients look for seeds and texts."""
    params = job.record.params
    seeds = [picture.seed for picture in job.pictures]
    count = len(seeds)
    made = datetime.datetime.fromtimestamp(job.record.created, datetime.UTC)
    return json.dumps(
        {
            "prompt": params.prompt,
            "all_prompts": [params.prompt] * count,
            "negative_prompt": params.negative_prompt,
            "all_negative_prompts": [params.negative_prompt] * count,
            "seed": params.seed,
            "all_seeds": seeds,
            "subseed": params.seed,
            "all_subseeds": seeds,
            "subseed_strength": 0,
            "width": params.width,
            "height": params.height,
            "sampler_name": params.sampler,
            "cfg_scale": params.cfg,
            "steps": params.steps,
            "batch_size": asked.batch_size,
            "restore_faces": False,
            "face_restoration_model": None,
            "sd_model_name": params.model,
            "sd_model_hash": "",
            "sd_vae_name": params.vae,
            "sd_vae_hash": "",
            "seed_resize_from_w": -1,
            "seed_resize_from_h": -1,
            "denoising_strength": asked.denoising_strength,
            "extra_generation_params": {"Schedule type": params.scheduler},
            "index_of_first_image": 0,
            "infotexts": [picture.parameters for picture in job.pictures],
            "styles": [],
            "job_timestamp": made.strftime("%Y%m%d%H%M%S"),
            "clip_skip": 1,
            "is_using_inpainting_conditioning": False,
            "version": f"zanime {zanime.__version__}",
        },
        ensure_ascii=False,
    )


def texts_of(image: Raster) -> dict[str, str]:
    """The texts that a picture carries, as of a PNG."""
    try:
        with PIL.Image.open(io.BytesIO(image.data), formats=["PNG", "JPEG", "WEBP"]) as opened:
            opened.load()  # texts may stand behind the pixels
            return {
                k: v for k, v in opened.info.items() if isinstance(k, str) and isinstance(v, str)
            }
    except Exception:  # its readers raise whatever a damaged file brings them to
        raise Refusal(400, "image is damaged.", "invalid_image", "image") from None
