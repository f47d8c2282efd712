"""Makes the pictures of this folder, and what Pillow and keras_image_helper make of them.

    python3 -m venv .venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python make.py

Writes `pictures/` and these files beside it:

* `rgb.txt`: for each picture its file, its width and height after decoding, and the CRC-32 of its
  RGB bytes. Pictures whose decoders may differ have the bytes themselves in `pictures/*.rgb.png`.
* `resized.txt`: a picture, a target width and height, and the CRC-32 of the RGB bytes after
  Pillow's nearest-neighbour resizing.
* `input.txt`: a picture, a target width and height, and the CRC-32 of the little-endian float32 that
  keras_image_helper's Xception preprocessor gives.
* `nearest.txt`: source size, target size, and the CRC-32 of the positions (little-endian 32-bit)
  that Pillow's nearest-neighbour resizing takes.
* `tf.txt`: the bits of the 256 values of keras_image_helper's mode `tf`, in hexadecimal.
"""

import io
import pathlib
import shutil
import struct
import zlib

import numpy as np
from keras_image_helper import create_preprocessor
from PIL import Image

HERE = pathlib.Path(__file__).parent
PICTURES = HERE / "pictures"
LOSSY = (".jpg", "lossy.webp")
RNG = np.random.default_rng(20)


def scene(width, height):
    """Smooth gradients, hard edges and a little noise: what decoders disagree about."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    u, v = x / max(width - 1, 1), y / max(height - 1, 1)
    red = 255 * u
    green = 127 + 120 * np.sin(6 * u + 4 * v)
    blue = 255 * (1 - v)
    picture = np.stack([red, green, blue], axis=-1)
    disc = (u - 0.6) ** 2 + (v - 0.4) ** 2 < 0.06
    picture[disc] = (220, 30, 40)
    bar = (u > 0.1) & (u < 0.25) & (v > 0.3)
    picture[bar] = (20, 40, 200)
    picture += RNG.normal(0, 4, picture.shape)
    return picture.clip(0, 255).round().astype(np.uint8)


def save(image, name, **options):
    image.save(PICTURES / name, **options)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(name, width, height, depth, colour, rows, chunks=()):
    """A PNG of a kind that Pillow cannot write. Rows are bytes, each without its filter byte."""
    data = b"".join(b"\0" + row for row in rows)
    (PICTURES / name).write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
        + b"".join(chunk(*item) for item in chunks)
        + chunk(b"IDAT", zlib.compress(data, 9))
        + chunk(b"IEND", b"")
    )


def pngs():
    rgb = Image.fromarray(scene(61, 47))
    grey = rgb.convert("L")
    alpha = Image.fromarray((np.asarray(grey).astype(int) * 3 % 256).astype(np.uint8))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    save(rgb, "rgb.png")
    save(rgba, "rgba.png")
    save(grey, "grey.png")
    save(Image.merge("LA", (grey, alpha)), "grey-alpha.png")
    save(rgb.convert("1"), "1-bit.png")
    palette = rgb.quantize(200)
    save(palette, "palette.png")
    save(palette, "palette-transparent.png", transparency=palette.getpixel((3, 3)))
    save(rgb.quantize(14), "palette-4-bit.png", bits=4)
    save(rgb.quantize(3), "palette-2-bit.png", bits=2)
    save(rgb, "rgb-transparent.png", transparency=rgb.getpixel((5, 5)))
    save(grey, "grey-transparent.png", transparency=grey.getpixel((5, 5)))
    exif = Image.Exif()
    exif[0x0112] = 6
    save(rgb, "exif.png", exif=exif)

    width, height = 37, 23
    wide = RNG.integers(0, 65536, (height, width, 4)).astype(">u2")
    low = RNG.integers(0, 400, (height, width)).astype(">u2")
    write_png("grey-16.png", width, height, 16, 0, [row.tobytes() for row in low])
    write_png("grey-16-transparent.png", width, height, 16, 0, [row.tobytes() for row in low],
              [(b"tRNS", low[4, 4].tobytes())])
    write_png("grey-alpha-16.png", width, height, 16, 4, [row[:, :2].tobytes() for row in wide])
    write_png("rgb-16.png", width, height, 16, 2, [row[:, :3].tobytes() for row in wide])
    write_png("rgba-16.png", width, height, 16, 6, [row.tobytes() for row in wide])
    for depth in (2, 4):
        levels = RNG.integers(0, 256, (height, -(-width * depth // 8))).astype(np.uint8)
        write_png(f"grey-{depth}-bit.png", width, height, depth, 0, [row.tobytes() for row in levels])


def bitmaps():
    rgb = Image.fromarray(scene(45, 31))
    save(rgb, "rgb.bmp")
    save(rgb.convert("L"), "grey.bmp")
    save(rgb.convert("1"), "1-bit.bmp")
    save(rgb.quantize(64), "palette.bmp")
    rgba = rgb.copy()
    rgba.putalpha(77)
    save(rgba, "rgba.bmp")


def gifs():
    rgb = Image.fromarray(scene(53, 40))
    palette = rgb.quantize(120)
    save(palette, "plain.gif")
    save(palette, "transparent.gif", transparency=palette.getpixel((10, 10)))
    save(palette, "interlaced.gif", interlace=1)
    save(rgb.convert("L"), "grey.gif")
    others = [Image.fromarray(scene(53, 40)).quantize(60) for _ in range(2)]
    save(palette, "animated.gif", save_all=True, append_images=others, duration=50)
    # The screen is made larger than the only frame, the frame moved away from the corner.
    plain = bytearray((PICTURES / "plain.gif").read_bytes())
    struct.pack_into("<HH", plain, 6, 70, 60)
    frame = plain.index(b"\x2c\0\0\0\0" + struct.pack("<HH", 53, 40))
    struct.pack_into("<HH", plain, frame + 1, 11, 7)
    (PICTURES / "offset.gif").write_bytes(plain)
    # And smaller: the frame then makes the picture.
    struct.pack_into("<HH", plain, 6, 20, 20)
    (PICTURES / "outside.gif").write_bytes(plain)


def webps():
    rgb = Image.fromarray(scene(58, 42))
    rgba = rgb.copy()
    alpha = np.tile(np.linspace(0, 255, 58).astype(np.uint8), (42, 1))
    alpha[:, :20] = 0
    rgba.putalpha(Image.fromarray(alpha))
    save(rgb, "lossless.webp", lossless=True)
    save(rgba, "lossless-alpha.webp", lossless=True, exact=True)
    save(rgb, "animated.webp", lossless=True, save_all=True, append_images=[rgba.convert("RGB").rotate(90)])
    save(rgb, "lossy.webp", quality=85)
    save(rgba, "alpha-lossy.webp", quality=85)


def jpegs():
    rgb = Image.fromarray(scene(109, 83))
    save(rgb, "444.jpg", quality=92, subsampling="4:4:4")
    save(rgb, "422.jpg", quality=92, subsampling="4:2:2")
    save(rgb, "420.jpg", quality=92, subsampling="4:2:0")
    save(rgb, "420-low.jpg", quality=30, subsampling="4:2:0")
    save(rgb, "progressive.jpg", quality=92, progressive=True, subsampling="4:4:4")
    save(rgb, "progressive-420.jpg", quality=75, progressive=True, subsampling="4:2:0")
    save(rgb, "restarts.jpg", quality=85, restart_marker_blocks=5)
    save(rgb.convert("L"), "grey.jpg", quality=90)
    save(rgb.convert("CMYK"), "cmyk.jpg", quality=92)
    save(rgb.crop((0, 0, 7, 5)), "tiny-420.jpg", quality=90, subsampling="4:2:0")
    save(rgb, "rgb.jpg", quality=90, keep_rgb=True)
    exif = Image.Exif()
    exif[0x0112] = 6
    save(rgb, "exif.jpg", quality=92, exif=exif, subsampling="4:4:4")
    # The same bytes with the marker that says that the first three channels are YCC.
    cmyk = (PICTURES / "cmyk.jpg").read_bytes()
    adobe = cmyk.index(b"Adobe")
    (PICTURES / "ycck.jpg").write_bytes(cmyk[: adobe + 11] + b"\x02" + cmyk[adobe + 12 :])


def crc(array):
    return f"{zlib.crc32(np.ascontiguousarray(array).tobytes()):08x}"


def lossy(path):
    return path.name.endswith(LOSSY)


def expected(paths):
    rgb_lines, resized_lines, input_lines = [], [], []
    sizes = [(96, 64), (20, 30), (299, 299), (1, 1)]
    for path in paths:
        with Image.open(path) as image:
            rgb = image.convert("RGB")
        rgb_lines.append(f"{path.name} {rgb.width} {rgb.height} {crc(np.asarray(rgb))}")
        if lossy(path):
            rgb.save(PICTURES / f"{path.name}.rgb.png", optimize=True)
            continue
        for width, height in sizes:
            resized = rgb.resize((width, height), Image.NEAREST)
            resized_lines.append(f"{path.name} {width} {height} {crc(np.asarray(resized))}")
            tensor = create_preprocessor("xception", (width, height)).from_path(path)
            assert tensor.shape == (1, height, width, 3) and tensor.dtype == np.float32
            input_lines.append(f"{path.name} {width} {height} {crc(tensor.astype('<f4'))}")
    return rgb_lines, resized_lines, input_lines


def nearest_positions(source, target):
    ramp = np.arange(source, dtype=np.int32).reshape(1, source)
    return np.asarray(Image.fromarray(ramp).resize((target, 1), Image.NEAREST)).reshape(-1)


def nearest():
    sources = {*range(1, 65), 100, 131, 149, 150, 151, 256, 299, 300, 400, 533, 534, 640, 1000, 1023}
    sources |= {1280, 1999, 3000, 3024, 4032, 4624, 8191, 12000, 49999, 65535, 1_000_003}
    targets = [1, 2, 3, 5, 7, 10, 64, 96, 97, 150, 160, 192, 224, 240, 256, 299, 331, 480, 1000]
    lines = []
    for source in sorted(sources):
        for target in targets:
            lines.append(f"{source} {target} {crc(nearest_positions(source, target).astype('<u4'))}")
    return lines


def tf():
    values = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 256, 3)
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    preprocessor = create_preprocessor("xception", (256, 1))
    buffer.seek(0)
    tensor = preprocessor.convert_to_tensor(Image.open(buffer))
    return [f"{bits:08x}" for bits in tensor[0, 0, :, 0].view(np.uint32)]


def write(name, lines):
    (HERE / name).write_text("\n".join(lines) + "\n")


def main():
    shutil.rmtree(PICTURES, ignore_errors=True)
    PICTURES.mkdir()
    for make in (pngs, bitmaps, gifs, webps, jpegs):
        make()
    rgb_lines, resized_lines, input_lines = expected(sorted(PICTURES.iterdir()))
    write("rgb.txt", rgb_lines)
    write("resized.txt", resized_lines)
    write("input.txt", input_lines)
    write("nearest.txt", nearest())
    write("tf.txt", tf())


if __name__ == "__main__":
    main()
