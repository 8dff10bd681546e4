"""Writes small pictures of every kind into pictures/, and what ComfyUI's LoadImage makes of them.

    pip install av pillow numpy safetensors
    python make_pictures.py

ComfyUI 0.33 decodes with FFmpeg (PyAV): to 8-bit RGB(A) from the pixel formats below, to float from
all others. pictures.safetensors has FILE [height, width, 3] and FILE/alpha where the picture has
transparency, float32, turned as the EXIF orientation says. Three cases are put right: CMYK, which
FFmpeg takes for RGB with alpha, is Pillow's; so is WebP, of which FFmpeg reads no animation; and
mirrored orientations, which ComfyUI turns without mirroring, are mirrored.
"""

import os
import struct
import zlib

import av
import numpy as np
from PIL import Image, ImageOps
from safetensors.numpy import save_file

WIDTH, HEIGHT = 13, 10
BYTE_FORMATS = {"yuvj420p", "yuvj422p", "yuvj444p", "rgb24", "rgba", "pal8"}
MIRRORED = {
    "turned-2.jpg": lambda a: a[:, ::-1],
    "turned-4.jpg": lambda a: a[::-1],
    "turned-5.jpg": lambda a: a.transpose(1, 0, 2),
    "turned-7.jpg": lambda a: a[::-1, ::-1].transpose(1, 0, 2),
}


def smooth(channels, height=HEIGHT, width=WIDTH):
    """Values without hard edges, as in a photograph."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [np.sin(0.3 * x + 0.5 * i) * np.cos(0.4 * y - 0.3 * i) for i in range(channels)]
    return np.round(127.5 + 127 * np.stack(planes, -1)).astype(np.uint8)


def write_png(name, samples, depth, color, transparency=b""):
    """Of depths and with transparent colours that Pillow does not write."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(
            ">I", zlib.crc32(kind + data))

    rows = samples.reshape(len(samples), -1)
    if depth == 16:
        packed = rows.astype(">u2").view(np.uint8)
    elif depth == 8:
        packed = rows.astype(np.uint8)
    else:
        bits = (rows[..., None] >> np.arange(depth - 1, -1, -1)) & 1
        packed = np.packbits(bits.reshape(len(rows), -1).astype(np.uint8), axis=1)
    raw = b"".join(b"\0" + row.tobytes() for row in packed)
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], depth, color, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    data += chunk(b"tRNS", transparency) if transparency else b""
    data += chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    with open(f"pictures/{name}", "wb") as file:
        file.write(data)


def with_orientation(value):
    exif = Image.Exif()
    exif[0x0112] = value
    return exif


def write_pictures():
    rgb, rgba = Image.fromarray(smooth(3)), Image.fromarray(smooth(4))
    grey = Image.fromarray(smooth(1)[..., 0])
    palette = rgb.quantize(16)
    cmyk = Image.fromarray(smooth(4), "CMYK")
    wide = smooth(4).astype(np.uint16) * 257 ^ 0x35
    rgb.save("pictures/rgb.png")
    rgba.save("pictures/rgba.png")
    grey.save("pictures/grey.png")
    Image.merge("LA", (grey, rgba.getchannel(3))).save("pictures/grey-alpha.png")
    grey.point(lambda v: 255 * (v > 127), "1").save("pictures/grey-1bit.png")
    palette.save("pictures/palette.png")
    palette.save("pictures/palette-transparent.png", transparency=bytes(range(0, 256, 16)))
    rgb.save("pictures/turned.png", exif=with_orientation(6))
    write_png("grey-2bit.png", smooth(1) >> 6, 2, 0)
    write_png("grey-4bit.png", smooth(1) >> 4, 4, 0)
    write_png("grey-16bit.png", wide[..., :1], 16, 0)
    write_png("grey-alpha-16bit.png", wide[..., :2], 16, 4)
    write_png("rgb-16bit.png", wide[..., :3], 16, 2)
    write_png("rgba-16bit.png", wide, 16, 6)
    write_png("grey-colour-key.png", smooth(1), 8, 0, struct.pack(">H", smooth(1)[2, 3, 0]))
    write_png("rgb-colour-key.png", smooth(3), 8, 2, struct.pack(">3H", *smooth(3)[2, 3]))
    write_png("rgb-16bit-colour-key.png", wide[..., :3], 16, 2, struct.pack(">3H", *wide[2, 3, :3]))

    write_webp()

    rgb.save("pictures/rgb.jpg", quality=85)
    rgb.save("pictures/422.jpg", quality=85, subsampling=1)
    rgb.save("pictures/444.jpg", quality=95, subsampling=0)
    rgb.save("pictures/progressive.jpg", quality=85, progressive=True)
    Image.fromarray(smooth(3, 24, 40)).save("pictures/rgb-large.jpg", quality=70)
    grey.save("pictures/grey.jpg")
    cmyk.save("pictures/cmyk.jpg")
    for orientation in range(1, 9):
        rgb.save(f"pictures/turned-{orientation}.jpg", exif=with_orientation(orientation))


def write_webp():
    rgb, rgba = Image.fromarray(smooth(3)), Image.fromarray(smooth(4))
    rgb.save("pictures/lossy.webp", quality=85)
    rgba.save("pictures/lossy-alpha.webp", quality=85)
    rgb.save("pictures/lossless.webp", lossless=True)
    rgba.save("pictures/lossless-alpha.webp", lossless=True, exact=True)
    rgb.save("pictures/turned.webp", quality=85, exif=with_orientation(8))
    # Of an animation the first picture counts.
    rgba.save(
        "pictures/moving.webp", save_all=True, append_images=[rgba.rotate(180)], lossless=True
    )


def read_with_ffmpeg(path):
    with av.open(path) as container:
        frame = next(container.decode(video=0))
    kind = frame.format.name
    has_alpha = kind == "pal8" or any(part.is_alpha for part in frame.format.components)
    in_bytes = kind in BYTE_FORMATS
    target = ("rgba" if has_alpha else "rgb24") if in_bytes else (
        "gbrapf32le" if has_alpha else "gbrpf32le")
    pixels = frame.to_ndarray(format=target)
    if in_bytes:
        pixels = pixels.astype(np.float32) / np.float32(255)
    name = os.path.basename(path)
    if name in MIRRORED:
        return MIRRORED[name](pixels)
    return np.rot90(pixels, round(frame.rotation / 90) % 4)


def read_with_pillow(path):
    picture = ImageOps.exif_transpose(Image.open(path))
    mode = "RGBA" if "A" in picture.getbands() else "RGB"
    return np.array(picture.convert(mode)).astype(np.float32) / np.float32(255)


def main():
    os.makedirs("pictures", exist_ok=True)
    write_pictures()
    out = {}
    for name in sorted(os.listdir("pictures")):
        by_pillow = name == "cmyk.jpg" or name.endswith(".webp")
        read = read_with_pillow if by_pillow else read_with_ffmpeg
        pixels = read(f"pictures/{name}")
        out[name] = np.ascontiguousarray(pixels[..., :3])
        if pixels.shape[-1] == 4:
            out[f"{name}/alpha"] = np.ascontiguousarray(pixels[..., 3])
    save_file(out, "pictures.safetensors")


if __name__ == "__main__":
    main()
