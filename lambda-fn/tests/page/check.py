"""Uses the page as a person would, in a real Chromium, and takes screenshots of it.

`cargo xtask page` runs it against `bootstrap serve`:

    python check.py --chromium /usr/bin/chromium --page http://127.0.0.1:8080/ \
        --picture trousers.jpg --link http://127.0.0.1:8081/trousers.jpg \
        --broken http://127.0.0.1:8081/missing.jpg --label pants --out FOLDER
"""

import argparse
import base64
import pathlib
import random
import re
import shutil
import struct
import sys
import tempfile

from playwright.sync_api import Error, expect, sync_playwright

# What WCAG asks of text at its level AA.
CONTRAST = 4.5
WIDE = {"width": 1100, "height": 900}
PHONE = {"width": 360, "height": 740}

# Pairs of colours, text on ground, by the names of the page's variables.
PAIRS = [
    ("ink", "ground"), ("ink", "card"), ("faint", "ground"), ("faint", "card"),
    ("ink-on-best", "best"), ("best", "card"), ("bad", "bad-ground"),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("chromium", "page", "picture", "link", "broken", "label", "out"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    options.out = pathlib.Path(options.out)
    options.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which(options.chromium),
            # The sandbox needs rights that containers lack. The page is our own.
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        for check in CHECKS:
            context = browser.new_context(**check.context)
            page = context.new_page()
            complaints = watch(page)
            try:
                page.goto(options.page)
                check(page, options)
                assert complaints == check.complaints, complaints
                print(f"ok      {check.__name__}")
            except (AssertionError, Error) as error:
                failed += 1
                print(f"FAILED  {check.__name__}: {error}")
                page.screenshot(path=options.out / f"failed-{check.__name__}.png")
            context.close()
        browser.close()
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


def watch(page):
    """Everything that a page must not say: errors, and violations of its policy."""
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: message.type in ("error", "warning")
            and complaints.append(re.sub(r"https?://\S+", "URL", message.text)))
    page.on("request", lambda request: request.url.startswith(("blob:", "data:", page_origin(page, request)))
            or complaints.append(f"asked {request.url}"))
    return complaints


def page_origin(page, request):
    return "/".join((page.url if page.url != "about:blank" else request.url).split("/")[:3])


# A machine that also compiles may be slow.
expect.set_options(timeout=15_000)

CHECKS = []


def check(complaints=(), **context):
    """A check with a page of its own, in a context with these settings."""
    def add(function):
        function.context = {"viewport": WIDE, "color_scheme": "light", **context}
        function.complaints = list(complaints)
        CHECKS.append(function)
        return function
    return add


# What Chromium itself writes down when an answer is an error.
def refused(status, words):
    return f"Failed to load resource: the server responded with a status of {status} ({words})"


def upload(page, options):
    page.set_input_files("#file", options.picture)
    expect(page.locator("#result")).to_be_visible()


def expect_answer(page, label):
    expect(page.locator("#error")).to_be_hidden()
    expect(page.locator("#status")).to_have_text("")
    expect(page.locator("#label")).to_have_text(re.compile(rf"^{label}, \d+ %$"))
    expect(page.locator("#label")).to_be_focused()
    rows = page.get_by_role("table", name="Labels with their probabilities").get_by_role("row")
    expect(rows).to_have_count(10)
    expect(rows.first.get_by_role("rowheader")).to_have_text(label)
    shares = [float(text.rstrip(" %")) for text in page.locator("#scores .number").all_text_contents()]
    assert abs(sum(shares) - 100) < 1, shares
    assert shares == sorted(shares, reverse=True), shares
    widths = page.locator("#scores .bar").evaluate_all("bars => bars.map(b => b.getBoundingClientRect().width)")
    track = page.locator("#scores .track").first.bounding_box()["width"]
    for width, share in zip(widths, shares):
        assert abs(width - max(2, track * share / 100)) < 2, (width, share)
    # The picture is there, and not a broken one.
    expect(page.locator("#picture")).to_have_js_property("complete", True)
    assert page.locator("#picture").evaluate("image => image.naturalWidth") > 0


def times(page):
    return page.get_by_role("table", name="Time of each step").get_by_role("rowheader").all_text_contents()


@check()
def a_picture_from_the_device(page, options):
    upload(page, options)
    expect_answer(page, options.label)
    expect(page.locator("#caption")).to_have_text(re.compile(r"^JPEG, \d+ × \d+ pixels, \d+ kB$"))
    assert times(page) == ["Decoding", "Preparing", "Inference", "The rest", "Altogether"], times(page)
    page.screenshot(path=options.out / "wide-light.png", full_page=True)
    # And again, with the same file.
    upload(page, options)
    expect_answer(page, options.label)


@check()
def a_picture_from_the_web(page, options):
    page.get_by_label("Address of a picture").fill(options.link)
    page.keyboard.press("Enter")
    expect(page.locator("#result")).to_be_visible()
    expect_answer(page, options.label)
    assert times(page)[0] == "Fetching", times(page)
    # It is not loaded from there, but as the function saw it.
    assert page.locator("#picture").get_attribute("src").startswith("data:image/bmp;base64,")


@check()
def a_dropped_picture(page, options):
    dispatch(page, options.picture, "drop", "DragEvent", "dataTransfer")
    expect(page.locator("#result")).to_be_visible()
    expect_answer(page, options.label)


@check()
def a_pasted_picture(page, options):
    dispatch(page, options.picture, "paste", "ClipboardEvent", "clipboardData")
    expect(page.locator("#result")).to_be_visible()
    expect_answer(page, options.label)


def dispatch(page, picture, kind, event, field):
    """What the browser sends when a file is dropped or pasted."""
    content = base64.b64encode(pathlib.Path(picture).read_bytes()).decode()
    page.evaluate(
        """([content, kind, event, field]) => {
          const bytes = Uint8Array.from(atob(content), c => c.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], "a.jpg", { type: "image/jpeg" }));
          document.body.dispatchEvent(new window[event](kind, { [field]: data, bubbles: true, cancelable: true }));
        }""",
        [content, kind, event, field],
    )


@check()
def a_large_picture_is_made_smaller(page, options):
    width, height = 1700, 1100
    with tempfile.NamedTemporaryFile(suffix=".bmp") as file:
        head = struct.pack("<2sIIIIiiHHIIIIII", b"BM", 54 + width * height * 3, 0, 54, 40,
                           width, height, 1, 24, 0, 0, 0, 0, 0, 0)
        file.write(head + random.Random(1).randbytes(width * height * 3))
        file.flush()
        page.set_input_files("#file", file.name)
        expect(page.locator("#result")).to_be_visible()
    expect(page.locator("#caption")).to_have_text(re.compile(r"^JPEG, 1,?600 × 1,?035 pixels"))


@check(complaints=[refused(415, "Unsupported Media Type"), refused(502, "Bad Gateway")],
       viewport=PHONE, is_mobile=True, has_touch=True)
def errors_are_told(page, options):
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(b"I am no picture")
        file.flush()
        page.set_input_files("#file", file.name)
        expect(page.get_by_role("alert")).to_contain_text("this is no picture")
    expect(page.locator("#result")).to_be_hidden()
    page.get_by_label("Address of a picture").fill(options.broken)
    page.get_by_role("button", name="Classify").click()
    expect(page.get_by_role("alert")).to_contain_text("HTTP status 404")
    expect(page.locator("#result")).to_be_hidden()
    assert_fits(page)
    page.screenshot(path=options.out / "phone-error.png", full_page=True)


@check()
def the_keyboard_is_enough(page, options):
    focused = []
    for _ in range(4):
        page.keyboard.press("Tab")
        focused.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    # Without a camera there is no way to it.
    assert focused == ["file", "url", "BUTTON", "BODY"], focused
    page.keyboard.press("Tab")
    outline = page.locator("label[for=file]").evaluate("e => getComputedStyle(e).outlineStyle")
    assert outline == "solid", "the focus must be seen on what stands for the hidden field"
    with page.expect_file_chooser(timeout=10_000) as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(options.picture)
    expect(page.locator("#result")).to_be_visible()
    expect_answer(page, options.label)


@check()
def everything_has_a_name(page, _):
    assert page.locator("html").get_attribute("lang") == "en"
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    expect(page.get_by_role("region", name="A picture from this device")).to_be_visible()
    expect(page.get_by_label("Choose a picture")).to_have_count(1)
    expect(page.get_by_role("textbox", name="Address of a picture")).to_be_visible()
    expect(page.get_by_role("button", name="Classify")).to_be_visible()
    expect(page.get_by_role("status")).to_have_count(1)


@check()
def an_empty_address_is_not_sent(page, _):
    page.get_by_role("button", name="Classify").click()
    expect(page.locator("#status")).to_have_text("")
    assert not page.locator("#url").evaluate("field => field.validity.valid")


def assert_fits(page):
    width = page.viewport_size["width"]
    needed = page.evaluate("document.documentElement.scrollWidth")
    assert needed <= width, f"{needed} pixels wide on {width}"
    for target in page.locator("button:visible, .button:visible, #url").all():
        box = target.bounding_box()
        assert box["height"] >= 44, f"too small for a finger: {box}"
        assert box["x"] >= 0 and box["x"] + box["width"] <= width, box


def assert_contrast(page):
    colours = page.evaluate(
        """names => {
          const style = getComputedStyle(document.documentElement);
          const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
          return Object.fromEntries(names.map(name => {
            context.fillStyle = style.getPropertyValue("--" + name).trim();
            context.fillRect(0, 0, 1, 1);
            return [name, [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)]];
          }));
        }""",
        sorted({name for pair in PAIRS for name in pair}),
    )
    for text, ground in PAIRS:
        light, dark = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
        ratio = (light + 0.05) / (dark + 0.05)
        assert ratio >= CONTRAST, f"{text} on {ground}: {ratio:.2f}"


def luminance(colour):
    """As WCAG defines it."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@check()
def light_colours_have_contrast(page, _):
    assert_contrast(page)


@check(color_scheme="dark")
def dark_mode(page, options):
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red = int(re.match(r"rgb\((\d+)", ground).group(1))
    assert red < 64, ground
    assert_contrast(page)
    upload(page, options)
    page.screenshot(path=options.out / "wide-dark.png", full_page=True)


def on_a_phone(page, options, name):
    expect(page.get_by_text("Take a photograph")).to_be_visible()
    assert page.locator("#photo").get_attribute("capture") == "environment"
    assert_fits(page)
    page.screenshot(path=options.out / f"{name}-start.png", full_page=True)
    page.set_input_files("#photo", options.picture)
    expect(page.locator("#result")).to_be_visible()
    expect_answer(page, options.label)
    assert_fits(page)
    page.screenshot(path=options.out / f"{name}.png", full_page=True)


@check(viewport=PHONE, is_mobile=True, has_touch=True)
def a_phone(page, options):
    on_a_phone(page, options, "phone-light")


@check(viewport=PHONE, is_mobile=True, has_touch=True, color_scheme="dark")
def a_phone_at_night(page, options):
    on_a_phone(page, options, "phone-dark")


if __name__ == "__main__":
    sys.exit(main())
