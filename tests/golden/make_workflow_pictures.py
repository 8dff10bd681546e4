"""Writes small pictures that carry a workflow as other programs write them into workflow_pictures/.

    pip install pillow numpy
    python make_workflow_pictures.py

ComfyUI's own WebP has "prompt:{...}" under EXIF's tag Model and "workflow:{...}" under Make; nodes
that save pictures do the same, some with capitals, and put the parameters into the user comment.
"""

import os

from make_pictures import smooth
from PIL import Image

FOLDER = "workflow_pictures"
PROMPT = '{"1": {"class_type": "A", "inputs": {"text": "a: b"}}}'
WORKFLOW = '{"nodes": [], "links": []}'
PARAMETERS = "1girl, 猫\nSteps: 8, Sampler: Euler"
MAKE, MODEL, DESCRIPTION, EXIF, COMMENT = 0x010F, 0x0110, 0x010E, 0x8769, 0x9286


def exif(tags, comment=b"", endian="<"):
    block = Image.Exif()
    block.endian = endian
    for tag, text in tags.items():
        block[tag] = text
    if comment:
        block.get_ifd(EXIF)[COMMENT] = comment
    return block


def main():
    os.makedirs(FOLDER, exist_ok=True)
    picture = Image.fromarray(smooth(3))
    own = {MODEL: f"prompt:{PROMPT}", MAKE: f"workflow:{WORKFLOW}"}
    picture.save(f"{FOLDER}/comfyui.webp", exif=exif(own))
    picture.save(f"{FOLDER}/big-endian.webp", exif=exif(own, endian=">"))
    picture.save(f"{FOLDER}/capitals.webp", lossless=True, exif=exif(
        {MAKE: f"Prompt:{PROMPT}", DESCRIPTION: f"Workflow:{WORKFLOW}"}))
    picture.save(f"{FOLDER}/saver.jpg",
                 exif=exif(own, b"UNICODE\0" + PARAMETERS.encode("utf-16-be")))
    picture.save(f"{FOLDER}/comment.jpg", comment=PROMPT.encode())
    picture.save(f"{FOLDER}/plain.jpg")


if __name__ == "__main__":
    main()
