"""Draw the sample picture: a pair of blue jeans laid flat on a plain background.

    python trousers.py            write trousers.jpg beside this script
    python trousers.py --check    fail unless trousers.jpg has exactly the pixels that this script draws

Everything is drawn with Pillow, with no photograph in it. It is deterministic: the grain comes from a seeded
generator. The JPEG encoder belongs to Pillow, so the check needs the Pillow of `requirements.txt`.
"""

import argparse
import io
import itertools
import random
import sys
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter

WIDTH, HEIGHT = 400, 534
SCALE = 3  # supersampling
JPEG_QUALITY = 88
SEED = 20
TARGET = Path(__file__).with_name("trousers.jpg")

BACKGROUND_TOP, BACKGROUND_BOTTOM = (226, 222, 214), (202, 197, 188)
DENIM = (58, 80, 122)
DENIM_DARK = (26, 38, 66)
DENIM_LIGHT = (132, 156, 196)
THREAD = (196, 142, 76)
BRASS = (176, 140, 84)

# Outlines in picture coordinates, clockwise from the left end of the waistband.
WAISTBAND = [
    (133, 37), (168, 33), (200, 32), (232, 33), (267, 37),
    (270, 58), (233, 56), (200, 58), (167, 56), (130, 58),
]  # fmt: skip
LEFT_LEG = [
    (130, 58), (123, 92), (118, 130), (115, 172), (113, 222), (111, 280), (110, 340), (108, 400), (106, 455),
    (105, 502), (130, 507), (156, 506), (178, 502), (180, 450), (182, 390), (186, 330), (191, 268), (200, 212),
    (201, 150), (201, 57), (167, 55),
]  # fmt: skip
OUTLINE = 17


def mirror(points):
    return [(WIDTH - x, y) for x, y in points]


def scaled(points):
    return [(x * SCALE, y * SCALE) for x, y in points]


def smooth(points, steps=12, closed=False):
    """A Catmull-Rom curve through `points`."""
    if closed:
        around = [points[-1], *points, points[0], points[1]]
    else:
        around = [points[0], *points, points[-1]]
    curve = []
    for p0, p1, p2, p3 in zip(around, around[1:], around[2:], around[3:], strict=False):
        for step in range(steps):
            t = step / steps
            curve.append(
                tuple(
                    0.5
                    * (
                        2 * b
                        + (c - a) * t
                        + (2 * a - 5 * b + 4 * c - d) * t**2
                        + (3 * b - a - 3 * c + d) * t**3
                    )
                    for a, b, c, d in zip(p0, p1, p2, p3, strict=True)
                )
            )
    if not closed:
        curve.append(points[-1])
    return curve


def blank_mask():
    return Image.new("L", (WIDTH * SCALE, HEIGHT * SCALE), 0)


def polygon_mask(points):
    mask = blank_mask()
    ImageDraw.Draw(mask).polygon(scaled(points), fill=255)
    return mask


def blurred(mask, radius):
    return mask.filter(ImageFilter.GaussianBlur(radius * SCALE))


def strokes(lines, width, strength):
    """A mask with the given open curves drawn into it."""
    mask = blank_mask()
    draw = ImageDraw.Draw(mask)
    for line in lines:
        draw.line(scaled(smooth(line)), fill=strength, width=round(width * SCALE), joint="curve")
    return mask


def vertical_gradient(top, bottom):
    column = Image.new("RGB", (1, HEIGHT * SCALE))
    for y in range(HEIGHT * SCALE):
        t = y / (HEIGHT * SCALE - 1)
        column.putpixel((0, y), tuple(round(a + (b - a) * t) for a, b in zip(top, bottom, strict=True)))
    return column.resize((WIDTH * SCALE, HEIGHT * SCALE))


def paint(image, color, mask, inside=None):
    """Blend `color` into `image` where `mask` (and `inside`, if given) is set."""
    if inside is not None:
        mask = ImageChops.multiply(mask, inside)
    image.paste(color, (0, 0, *image.size), mask)


def disc(draw, x, y, radius, color):
    draw.ellipse(scaled([(x - radius, y - radius), (x + radius, y + radius)]), fill=color)


def grain(rng, width, height):
    """Grey noise, `width` by `height`, around 128."""
    return Image.frombytes("L", (width, height), rng.randbytes(width * height))


def add_denim_texture(image, rng, inside):
    """The weave: fine diagonal ribs, and slubs that run down the cloth."""
    size = image.size
    ribs = Image.new("L", size, 128)
    draw = ImageDraw.Draw(ribs)
    for offset in range(-size[1], size[0], 5):
        draw.line([(offset, size[1]), (offset + size[1], 0)], fill=150, width=2)
    slubs = grain(rng, WIDTH, HEIGHT // 12).resize(size, Image.Resampling.BICUBIC)
    fine = grain(rng, WIDTH * 2, HEIGHT * 2).resize(size, Image.Resampling.BILINEAR)
    blotches = grain(rng, 14, 18).resize(size, Image.Resampling.BICUBIC)
    texture = Image.blend(Image.blend(ribs, slubs, 0.25), Image.blend(fine, blotches, 0.5), 0.45)
    shaded = ImageChops.overlay(image, Image.merge("RGB", [texture] * 3))
    image.paste(Image.blend(image, shaded, 0.55), (0, 0), inside)


def add_fades(image, inside):
    """Worn, lighter cloth down the middle of each thigh and shin."""
    for side in (lambda points: points, mirror):
        thigh = side([(150, 130), (149, 190), (148, 250), (146, 310)])
        paint(image, DENIM_LIGHT, blurred(strokes([thigh], 30, 175), 13), inside)
        shin = side([(145, 330), (144, 400), (142, 480)])
        paint(image, DENIM_LIGHT, blurred(strokes([shin], 22, 80), 13), inside)


def add_folds(image, inside):
    """Creases: a dark line with a light one beside it."""
    creases = [
        [(196, 205), (182, 198), (164, 196)],
        [(195, 214), (180, 216), (158, 224)],
        [(190, 226), (174, 236), (150, 246)],
        [(118, 176), (134, 184), (152, 186)],
        [(112, 316), (130, 326), (150, 324)],
        [(184, 330), (170, 342), (148, 346)],
        [(111, 352), (132, 358), (158, 352)],
        [(107, 452), (124, 460), (146, 456)],
        [(180, 462), (164, 472), (140, 474)],
        [(106, 482), (126, 486), (152, 482)],
    ]
    for index, crease in enumerate(creases):
        for line in (crease, mirror([(x - index % 3, y + (index * 5) % 9 - 4) for x, y in crease])):
            paint(image, DENIM_DARK, blurred(strokes([line], 4.5, 150), 2.4), inside)
            lit = [(x, y - 5) for x, y in line]
            paint(image, DENIM_LIGHT, blurred(strokes([lit], 3.5, 80), 2.2), inside)


def add_shading(image, inside):
    """The cloth turns away at its edges: dark rims, and a deep line between the legs."""
    rim = ImageChops.multiply(ImageChops.invert(blurred(inside, 9)), inside)
    paint(image, DENIM_DARK, rim.point(lambda value: min(255, int(value * 1.35))), inside)
    paint(image, DENIM_DARK, blurred(strokes([[(200, 150), (200, 230)]], 6, 190), 4), inside)


def dashed(draw, points, color, width, dash=2.6, gap=1.6):
    """Stitches along a curve; lengths in picture pixels."""
    position, drawing, segment = 0.0, True, []
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        pieces = max(1, int(length * 4))
        for piece in range(pieces):
            t = piece / pieces
            if drawing:
                segment.append((x0 + (x1 - x0) * t, y0 + (y1 - y0) * t))
            position += length / pieces
            if position >= (dash if drawing else gap):
                if len(segment) > 1:
                    draw.line(scaled(segment), fill=color, width=round(width * SCALE))
                position, drawing, segment = 0.0, not drawing, []


def add_seams(image, inside):
    """Seams as a dark groove with topstitching beside it: sides, inside legs, fly, pockets, yoke, hems."""
    side_seam = [
        (134, 62),
        (128, 94),
        (123, 132),
        (120, 174),
        (118, 222),
        (116, 280),
        (114, 340),
        (112, 400),
        (110, 500),
    ]
    inseam = [(196, 222), (187, 268), (182, 330), (178, 390), (176, 450), (174, 500)]
    pocket = [(164, 58), (160, 78), (148, 92), (126, 98)]
    coin_pocket = [(134, 86), (136, 74), (154, 72)]
    hem = [(104, 490), (130, 495), (156, 494), (180, 490)]
    center = [(201, 58), (201, 110), (201, 160), (200, 212)]
    fly = [(222, 58), (221, 100), (217, 130), (203, 148)]
    both = [side_seam, inseam, pocket, hem]
    lines = [*both, *map(mirror, both), coin_pocket, center, fly]
    paint(image, DENIM_DARK, blurred(strokes(lines, 2.2, 220), 0.7), inside)
    paint(
        image,
        DENIM_LIGHT,
        blurred(strokes([[(x + 1.6, y + 1.8) for x, y in line] for line in lines], 1.2, 70), 0.6),
        inside,
    )
    draw = ImageDraw.Draw(image)
    for line in (pocket, mirror(pocket), hem, mirror(hem), fly, center[:3], coin_pocket):
        for shift in (2.4, 5.0):
            dashed(draw, [(x - shift * 0.4, y + shift) for x, y in smooth(line)], THREAD, 0.8)
    for line, shift in ((inseam, -3), (mirror(inseam), 3)):
        dashed(draw, [(x + shift, y) for x, y in smooth(line)], THREAD, 0.8)


def add_waistband(image, rng):
    """Waistband with stitching, belt loops, button and the dark opening behind it."""
    opening = [(137, 39), (170, 36), (200, 35), (230, 36), (263, 39), (230, 42), (200, 43), (170, 42)]
    band = polygon_mask(smooth(WAISTBAND, closed=True))
    paint(image, (64, 86, 128), band)
    add_denim_texture(image, rng, band)
    paint(image, DENIM_DARK, ImageChops.multiply(ImageChops.invert(blurred(band, 5)), band))
    paint(image, DENIM_DARK, blurred(strokes([WAISTBAND[5:]], 2.5, 230), 0.8))
    paint(image, (20, 27, 46), blurred(polygon_mask(smooth(opening, closed=True)), 0.8))
    draw = ImageDraw.Draw(image)
    for points in (
        [(134, 45), (167, 45), (200, 46), (233, 45), (266, 45)],
        [(132, 55), (167, 53), (200, 55), (233, 53), (268, 55)],
    ):
        dashed(draw, smooth(points), THREAD, 0.8)
    for x in (150, 250):
        loop = polygon_mask([(x - 4, 34), (x + 4, 34), (x + 4, 63), (x - 4, 63)])
        paint(image, DENIM_DARK, blurred(loop, 1.5))
        paint(image, (74, 97, 140), loop)
        for edge in (-2.5, 2.5):
            dashed(draw, [(x + edge, 35), (x + edge, 62)], THREAD, 0.7)
    x, y, radius = 208, 49, 5.2
    for color, dx, dy, r in (
        (DENIM_DARK, 0.8, 1.2, radius + 0.6),
        (BRASS, 0, 0, radius),
        ((222, 196, 146), -0.8, -1.0, radius - 2.2),
        (BRASS, 0, 0, radius - 3),
    ):
        disc(draw, x + dx, y + dy, r, color)
    for rivet_x, rivet_y in ((163, 61), (129, 97), (237, 61), (271, 97)):
        disc(draw, rivet_x, rivet_y, 1.6, BRASS)


def draw_picture() -> Image.Image:
    """Return the finished picture, 400 x 534 RGB."""
    rng = random.Random(SEED)
    image = vertical_gradient(BACKGROUND_TOP, BACKGROUND_BOTTOM)
    speckle = grain(rng, WIDTH * 2, HEIGHT * 2).resize(image.size, Image.Resampling.BILINEAR)
    image = Image.blend(image, ImageChops.overlay(image, Image.merge("RGB", [speckle] * 3)), 0.06)

    # The outer outline is a curve; from the crotch upwards the halves overlap along straight lines.
    left = smooth(LEFT_LEG[:OUTLINE], steps=8) + LEFT_LEG[OUTLINE:]
    cloth = ImageChops.lighter(polygon_mask(left), polygon_mask(mirror(left)))
    outline = ImageChops.lighter(cloth, polygon_mask(smooth(WAISTBAND, closed=True)))
    for dx, dy, radius, strength in ((7, 9, 9, 0.45), (2, 3, 2.5, 0.5)):
        shadow = ImageChops.offset(blurred(outline, radius), round(dx * SCALE), round(dy * SCALE))
        paint(image, (70, 64, 58), shadow.point(lambda value, strength=strength: int(value * strength)))

    paint(image, DENIM, cloth)
    add_fades(image, cloth)
    add_folds(image, cloth)
    add_shading(image, cloth)
    add_denim_texture(image, rng, cloth)
    add_seams(image, cloth)
    add_waistband(image, rng)
    return image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def encode(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0, optimize=True)
    return buffer.getvalue()


def check(data: bytes) -> None:
    """Compare decoded pixels, not bytes: a file may be repacked without changing the picture."""
    if not TARGET.exists():
        sys.exit(f"{TARGET.name} is missing")
    with Image.open(TARGET) as committed, Image.open(io.BytesIO(data)) as drawn:
        if (committed.format, committed.mode, committed.size) != ("JPEG", drawn.mode, drawn.size):
            found = f"{committed.format} {committed.mode} {committed.size}"
            sys.exit(f"{TARGET.name}: {found}, expected JPEG {drawn.mode} {drawn.size}")
        difference = ImageChops.difference(committed, drawn)
    if difference.getbbox() is not None:
        largest = max(high for _, high in difference.getextrema())
        sys.exit(f"{TARGET.name} differs from what this script draws, by up to {largest} of 255")
    print(f"{TARGET.name} is what this script draws")


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw the sample picture of trousers.")
    parser.add_argument("--check", action="store_true", help="compare with the file instead of writing it")
    data = encode(draw_picture())
    if parser.parse_args().check:
        check(data)
    else:
        TARGET.write_bytes(data)
        print(f"wrote {TARGET.name}, {len(data):,} bytes")


if __name__ == "__main__":
    main()
