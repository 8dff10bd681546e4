"""Writes small pictures of kinds other than PNG, JPEG and WebP into foreign_pictures/, and what
FFmpeg and Pillow make of them into foreign_pictures.safetensors.

    pip install av pillow numpy safetensors
    python make_foreign_pictures.py

FILE [height, width, 3] and FILE/alpha where the picture has transparency, float32, upright. GIF, BMP
and MPO are what ComfyUI's LoadImage gets from FFmpeg, to 8-bit values; TIFF and AVIF are what Pillow
gets, which uses libtiff and libavif as zanime does.
"""

import os
import struct

import av
import numpy as np
from make_pictures import smooth, with_orientation
from PIL import Image, ImageOps
from safetensors.numpy import save_file

FOLDER = "foreign_pictures"


def write_gif():
    palette = Image.fromarray(smooth(3)).quantize(16)
    palette.save(f"{FOLDER}/plain.gif", interlace=0)
    palette.save(f"{FOLDER}/interlaced.gif", interlace=1)
    palette.save(f"{FOLDER}/transparent.gif", transparency=3)
    palette.save(f"{FOLDER}/moving.gif", save_all=True, append_images=[palette.rotate(180)])
    # The first frame covers a part of the canvas.
    with open(f"{FOLDER}/plain.gif", "rb") as file:
        data = bytearray(file.read())
    data[6:10] = struct.pack("<HH", 17, 15)
    at = data.index(b"\x2c\0\0\0\0")
    data[at + 1 : at + 5] = struct.pack("<HH", 2, 3)
    with open(f"{FOLDER}/part.gif", "wb") as file:
        file.write(data)


def write_bmp(name, header_size, width, height, bits, compression, masks, palette, rows):
    """`rows` from the bottom up, unless the height is negative; bytes."""
    colors = b"".join(bytes((b, g, r, 0)) for r, g, b in palette)
    info = struct.pack("<IiiHHIIiiII", header_size, width, height, 1, bits, compression, len(rows),
                       2835, 2835, len(palette), 0)
    if header_size > 40:
        info += masks + b"BGRs" + bytes(header_size - 40 - len(masks) - 4)
    elif masks:
        info += masks
    offset = 14 + len(info) + len(colors)
    with open(f"{FOLDER}/{name}", "wb") as file:
        file.write(struct.pack("<2sIHHI", b"BM", offset + len(rows), 0, 0, offset))
        file.write(info + colors + rows)


def padded(rows):
    return b"".join(row + bytes(-len(row) % 4) for row in rows)


def run_lengths(rows, bits):
    """RLE8 or RLE4 (bits 4) with runs, literal pixels and a jump over the last two rows."""
    data = b""
    for y, row in enumerate(rows):
        if y == len(rows) - 2:
            data += b"\0\2\2\2"  # two to the right, two up
            break
        values = list(row)
        if bits == 8:
            data += bytes((0, 5, *values[:5], 0))
            for value in values[5:]:
                data += bytes((1, value))
        else:
            data += bytes((0, 5, values[0] << 4 | values[1], values[2] << 4 | values[3],
                           values[4] << 4, 0))
            for at in range(5, len(values), 2):
                pair = values[at : at + 2]
                data += bytes((len(pair), pair[0] << 4 | pair[-1]))
        data += b"\0\0"
    return data + b"\0\1"


def write_bmps():
    rgb, height, width = smooth(3), *smooth(3).shape[:2]
    flipped = rgb[::-1].astype(np.uint16)
    Image.fromarray(rgb).save(f"{FOLDER}/rgb.bmp")
    Image.fromarray(smooth(1)[..., 0]).save(f"{FOLDER}/grey.bmp")
    Image.fromarray(smooth(1)[..., 0]).point(lambda v: 255 * (v > 127), "1").save(
        f"{FOLDER}/1bit.bmp")
    quantized = Image.fromarray(rgb).quantize(16)
    quantized.save(f"{FOLDER}/palette.bmp")
    colors = np.array(quantized.getpalette()[:48]).reshape(16, 3)
    indices = np.array(quantized)[::-1]
    write_bmp("4bit.bmp", 40, width, height, 4, 0, b"", colors.tolist(), padded(
        [bytes(int(a) << 4 | int(b) for a, b in zip(row[::2], [*row[1::2], 0])) for row in indices]))
    write_bmp("rle8.bmp", 40, width, height, 8, 1, b"", colors.tolist(), run_lengths(indices, 8))
    write_bmp("rle4.bmp", 40, width, height, 4, 2, b"", colors.tolist(), run_lengths(indices, 4))
    r, g, b = (flipped[..., i] for i in range(3))
    packed = (r >> 3) << 10 | (g >> 3) << 5 | b >> 3
    write_bmp("555.bmp", 40, width, height, 16, 0, b"", [],
              padded([row.astype("<u2").tobytes() for row in packed]))
    packed = (r >> 3) << 11 | (g >> 2) << 5 | b >> 3
    write_bmp("565.bmp", 40, width, height, 16, 3, struct.pack("<III", 0xF800, 0x7E0, 0x1F), [],
              padded([row.astype("<u2").tobytes() for row in packed]))
    four = smooth(4)[::-1].astype(np.uint32)
    packed = four[..., 3] << 24 | four[..., 0] << 16 | four[..., 1] << 8 | four[..., 2]
    rows = packed.astype("<u4").tobytes()
    write_bmp("unused-byte.bmp", 40, width, height, 32, 0, b"", [], rows)
    write_bmp("rgba.bmp", 124, width, height, 32, 3,
              struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000), [], rows)
    write_bmp("top-down.bmp", 40, width, -height, 24, 0, b"", [],
              padded([row.tobytes() for row in rgb[..., ::-1].copy()]))


def write_others():
    rgb, rgba = Image.fromarray(smooth(3)), Image.fromarray(smooth(4))
    grey = Image.fromarray(smooth(1)[..., 0])
    rgb.save(f"{FOLDER}/rgb.tif")
    rgb.save(f"{FOLDER}/lzw.tif", compression="tiff_lzw")
    rgb.save(f"{FOLDER}/deflate.tif", compression="tiff_adobe_deflate")
    rgba.save(f"{FOLDER}/rgba.tif")
    grey.save(f"{FOLDER}/grey.tif")
    grey.point(lambda v: 255 * (v > 127), "1").save(f"{FOLDER}/1bit.tif", compression="group4")
    rgb.quantize(16).save(f"{FOLDER}/palette.tif")
    rgb.save(f"{FOLDER}/turned.tif", tiffinfo={274: 6})
    rgb.save(f"{FOLDER}/pages.tif", save_all=True, append_images=[grey])
    rgb.save(f"{FOLDER}/lossy.avif", quality=80)
    rgb.save(f"{FOLDER}/444.avif", quality=90, subsampling="4:4:4")
    rgba.save(f"{FOLDER}/alpha.avif", quality=90, subsampling="4:4:4")
    rgb.save(f"{FOLDER}/turned.avif", quality=90, exif=with_orientation(6))
    grey.save(f"{FOLDER}/grey.avif", quality=90)
    # Two JPEGs in one file, as cameras with two lenses make them.
    rgb.save(f"{FOLDER}/two.mpo", save_all=True, append_images=[rgb.rotate(180)], quality=85)


def read_with_ffmpeg(path):
    with av.open(path) as container:
        frame = next(container.decode(video=0))
    # Unused bytes are not alpha.
    has_alpha = frame.format.name in ("bgra", "rgba", "pal8") and "unused" not in path
    return frame.to_ndarray(format="rgba" if has_alpha else "rgb24")


def read_with_pillow(path):
    picture = ImageOps.exif_transpose(Image.open(path))
    return np.array(picture.convert("RGBA" if "A" in picture.getbands() else "RGB"))


def main():
    os.makedirs(FOLDER, exist_ok=True)
    write_gif()
    write_bmps()
    write_others()
    tensors = {}
    for name in sorted(os.listdir(FOLDER)):
        by_pillow = name.endswith((".tif", ".avif"))
        pixels = (read_with_pillow if by_pillow else read_with_ffmpeg)(f"{FOLDER}/{name}")
        pixels = pixels.astype(np.float32) / np.float32(255)
        tensors[name] = np.ascontiguousarray(pixels[..., :3])
        if pixels.shape[-1] == 4:
            tensors[f"{name}/alpha"] = np.ascontiguousarray(pixels[..., 3])
    save_file(tensors, f"{FOLDER}.safetensors")


if __name__ == "__main__":
    main()
