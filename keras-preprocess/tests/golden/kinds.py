"""Makes 300 small pictures of all kinds, and what Pillow and keras_image_helper make of them.

    .venv/bin/pip install -r requirements.txt && .venv/bin/python kinds.py

* `kinds.bin`: the pictures, one after the other.
* `kinds.txt`: for each its name, its bytes, its width and height after decoding, and the CRC-32 of its RGB bytes.
* `tensors.txt`: a picture, a mode, a filter, a target width and height, `upright` if EXIF counts or `plain`, `exact`
  or `reduced` (Pillow's `draft`), and the CRC-32 of the little-endian float32 tensor.
* `modes.txt`: each mode, and the CRC-32 of the tensor of a 256x1 picture with all greys.

Modes tf and caffe are those of keras_image_helper. Torch takes the steps of `keras.applications.imagenet_utils`, whose
package would bring TensorFlow or JAX; `--keras` checks them against it where it is installed.
"""

import io
import pathlib
import sys
import zlib

import numpy as np
import simplejpeg
from keras_image_helper import create_preprocessor
from PIL import Image, ImageOps

HERE = pathlib.Path(__file__).parent
RNG = np.random.default_rng(300)
FILTERS = ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
MODES = ["tf", "caffe", "torch", "raw"]
ORIENTATION = 0x0112


def scene(width, height):
    """A gradient, an edge and some noise, different each time."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    angle, phase = RNG.uniform(0, 2 * np.pi, 2)
    wave = np.cos(angle) * x + np.sin(angle) * y
    picture = np.stack([128 + 120 * np.sin(wave / RNG.uniform(3, 20) + phase + c) for c in range(3)], axis=-1)
    picture[wave > np.median(wave)] = RNG.integers(0, 256, 3)
    picture += RNG.normal(0, RNG.uniform(0, 12), picture.shape)
    return Image.fromarray(picture.clip(0, 255).round().astype(np.uint8))


def rgb(largest=64):
    return scene(int(RNG.integers(1, largest + 1)), int(RNG.integers(1, largest + 1)))


def saved(image, form, **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def exif(orientation):
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    return tags


def jpegs():
    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        for progressive in (False, True):
            for quality in (25, 75, 92, 100):
                for restart in ({}, {"restart_marker_blocks": 3}, {"restart_marker_rows": 1}):
                    image = rgb()
                    options = {"progressive": progressive, "quality": quality, "subsampling": subsampling}
                    yield "jpg", saved(image, "JPEG", **options, **restart)
    for subsampling in ("444", "422", "420", "440", "411", "Gray"):
        for quality in (40, 70, 85, 97):
            image = np.ascontiguousarray(np.asarray(rgb()))
            if subsampling == "Gray":
                image = np.ascontiguousarray(image[..., :1])
                options = {"colorspace": "Gray"}
            else:
                options = {"colorsubsampling": subsampling}
            yield "jpg", simplejpeg.encode_jpeg(image, quality=quality, **options)
    for quality in (30, 60, 90, 100):
        yield "jpg", saved(rgb().convert("L"), "JPEG", quality=quality, progressive=quality > 80)
        yield "jpg", saved(rgb(), "JPEG", quality=quality, keep_rgb=True)
        cmyk = saved(rgb(40).convert("CMYK"), "JPEG", quality=quality)
        yield "jpg", cmyk
        adobe = cmyk.index(b"Adobe")
        yield "jpg", cmyk[: adobe + 11] + b"\x02" + cmyk[adobe + 12 :]
    for orientation in range(1, 9):
        yield "jpg", saved(rgb(), "JPEG", quality=85, exif=exif(orientation))
    # Large enough for an eighth, and for the tables that skip blocks.
    for width, height in ((333, 257), (512, 200), (1100, 950)):
        smooth = scene(40, 40).resize((width, height), Image.BICUBIC)
        yield "jpg", saved(smooth, "JPEG", quality=60)
        yield "jpg", saved(smooth, "JPEG", quality=40, progressive=True, subsampling="4:2:2")


def pngs():
    for _ in range(7):
        image = rgb(48)
        grey = image.convert("L")
        alpha = Image.fromarray((np.asarray(grey).astype(int) * 3 % 256).astype(np.uint8))
        yield "png", saved(image, "PNG")
        yield "png", saved(Image.merge("RGBA", (*image.split(), alpha)), "PNG")
        yield "png", saved(grey, "PNG")
        yield "png", saved(Image.merge("LA", (grey, alpha)), "PNG")
        yield "png", saved(image.convert("1"), "PNG")
        for colours, bits in ((200, 8), (14, 4), (3, 2), (2, 1)):
            yield "png", saved(image.quantize(colours), "PNG", bits=bits)
        yield "png", saved(image.quantize(30), "PNG", transparency=1)
        low = RNG.integers(0, 400, (grey.height, grey.width)).astype(np.uint16)
        yield "png", saved(Image.fromarray(low), "PNG")
    for orientation in range(1, 9):
        yield "png", saved(rgb(24), "PNG", exif=exif(orientation))


def bitmaps():
    for _ in range(4):
        image = rgb(28)
        yield "bmp", saved(image, "BMP")
        yield "bmp", saved(image.convert("L"), "BMP")
        yield "bmp", saved(image.convert("1"), "BMP")
        yield "bmp", saved(image.quantize(64), "BMP")
        yield "bmp", saved(image.convert("RGBA"), "BMP")


def gifs():
    for _ in range(5):
        palette = rgb().quantize(int(RNG.integers(2, 256)))
        yield "gif", saved(palette, "GIF")
        yield "gif", saved(palette, "GIF", transparency=1, interlace=1)
        others = [rgb().resize(palette.size).quantize(9) for _ in range(2)]
        yield "gif", saved(palette, "GIF", save_all=True, append_images=others)
    yield "gif", saved(rgb().convert("L"), "GIF")


def webps():
    for quality in (10, 60, 80, 100):
        image = rgb()
        rgba = Image.merge("RGBA", (*image.split(), image.convert("L")))
        yield "webp", saved(image, "WEBP", quality=quality)
        yield "webp", saved(rgba, "WEBP", quality=quality)
        yield "webp", saved(image, "WEBP", lossless=True)
        yield "webp", saved(rgba, "WEBP", lossless=True, exact=True)
    for orientation in (3, 6, 8):
        yield "webp", saved(rgb(), "WEBP", quality=75, exif=exif(orientation))
    image = rgb()
    yield "webp", saved(image, "WEBP", lossless=True, save_all=True, append_images=[image.rotate(180)])


def tiffs():
    for compression in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits"):
        image = rgb(28)
        grey = image.convert("L")
        wide = Image.fromarray(RNG.integers(0, 500, (grey.height, grey.width)).astype(np.uint16))
        kinds = [image, image.convert("RGBA"), grey, image.convert("1")]
        kinds += [image.convert("CMYK"), wide, Image.merge("LA", (grey, grey))]
        for kind in kinds:
            yield "tif", saved(kind, "TIFF", compression=compression)
    for orientation in range(1, 9):
        yield "tif", saved(rgb(24), "TIFF", compression="tiff_lzw", tiffinfo={ORIENTATION: orientation})


def torch(array):
    array /= 255.0
    for channel, (mean, deviation) in enumerate(((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))):
        array[..., channel] -= mean
        array[..., channel] /= deviation
    return array


def check_torch():
    from keras.applications import imagenet_utils

    values = np.arange(256, dtype=np.float32).reshape(1, 1, 256, 1).repeat(3, axis=3)
    expected = imagenet_utils.preprocess_input(values.copy(), mode="torch")
    assert (torch(values.copy()) == expected).all()
    print("torch is that of Keras")


def crc(array):
    return f"{zlib.crc32(np.ascontiguousarray(array).tobytes()):08x}"


def tensor(image, mode, filter, size):
    name = "resnet50" if mode == "caffe" else "xception"
    preprocessor = create_preprocessor(name, size)
    if filter != "nearest":
        resampling = getattr(Image, filter.upper())
        preprocessor.resize_image = lambda image: image.convert("RGB").resize(size, resampling)
    if mode == "torch":
        preprocessor.preprocess = torch
    if mode == "raw":
        preprocessor.preprocess = lambda array: array
    result = preprocessor.convert_to_tensor(image)
    assert result.shape == (1, size[1], size[0], 3) and result.dtype == np.float32
    return crc(result.astype("<f4"))


def main():
    pictures, kinds, tensors = [], [], []
    for make in (jpegs, pngs, bitmaps, gifs, webps, tiffs):
        for suffix, content in make():
            number = len(pictures)
            name = f"{number:03}.{suffix}"
            pictures.append(content)
            picture = Image.open(io.BytesIO(content)).convert("RGB")
            kinds.append(f"{name} {len(content)} {picture.width} {picture.height} {crc(np.asarray(picture))}")
            for round in range(3):
                filter = FILTERS[(number + round) % len(FILTERS)] if round else "nearest"
                mode = MODES[(number // 2 + round) % len(MODES)]
                size = tuple(int(n) for n in RNG.integers(1, 60, 2))
                upright, reduced = round == 1, round == 2 and suffix == "jpg"
                image = Image.open(io.BytesIO(content))
                if reduced:
                    image.draft(None, size)
                if upright:
                    image = ImageOps.exif_transpose(image)
                tensors.append(
                    f"{name} {mode} {filter} {size[0]} {size[1]} {'upright' if upright else 'plain'} "
                    f"{'reduced' if reduced else 'exact'} {tensor(image, mode, filter, size)}"
                )
    greys = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(1, 256)).convert("RGB")
    modes = [f"{mode} {tensor(greys, mode, 'nearest', (256, 1))}" for mode in MODES]
    (HERE / "kinds.bin").write_bytes(b"".join(pictures))
    for name, lines in (("kinds", kinds), ("tensors", tensors), ("modes", modes)):
        (HERE / f"{name}.txt").write_text("\n".join(lines) + "\n")
    print(f"{len(pictures)} pictures, {sum(map(len, pictures))} bytes")


if __name__ == "__main__":
    check_torch() if "--keras" in sys.argv else main()
