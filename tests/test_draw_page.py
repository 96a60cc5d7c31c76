"""The page of `gradcheck draw` in a real browser: strokes are drawn with mouse and finger, and the answer is read."""

import math
import shutil
from io import StringIO
from threading import Thread

import numpy as np
import pytest

from gradcheck.cli.console import Console
from gradcheck.cli.draw.classifier import Classifier
from gradcheck.cli.draw.model import train
from gradcheck.cli.draw.server import DrawServer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if CHROMIUM is None:
    pytest.skip("Chromium is not installed", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
pytest.importorskip("sklearn", reason="scikit-learn, whose digits the network learns, is not installed")

PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
PATIENCE = 60_000  # milliseconds, on a busy machine


def arc(x, y, rx, ry, start, end, steps=20):
    angles = [math.radians(start + (end - start) * i / steps) for i in range(steps + 1)]
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


STROKES = {
    "0": [arc(0.5, 0.5, 0.2, 0.3, -90, 270)],
    "1": [[(0.5, 0.2), (0.48, 0.8)]],
    "3": [arc(0.47, 0.35, 0.17, 0.15, 200, 450) + arc(0.47, 0.65, 0.2, 0.15, -90, 160)],
    "5": [[(0.68, 0.2), (0.4, 0.2)], [(0.4, 0.2), (0.37, 0.45), *arc(0.47, 0.6, 0.2, 0.18, -110, 150)]],
    "7": [[(0.3, 0.22), (0.7, 0.22), (0.45, 0.82)]],
}


@pytest.fixture(scope="module")
def server():
    """The page, with a network that has learned scikit-learn's digits for a few epochs."""
    from gradcheck.training import load_digits

    network = train(load_digits(dtype=np.float32), Console(StringIO()), epochs=10)
    with DrawServer(Classifier(network)) as running:
        thread = Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as tools:
        chromium = tools.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"], timeout=PATIENCE)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, server):
    """Opens the page; whatever it complains of in the end, or asks of any other host, fails the test."""
    contexts, complaints = [], []

    def open_(viewport=DESK, query="", **options):
        contexts.append(browser.new_context(viewport=viewport, **{"locale": "en-GB", **options}))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: request.url.startswith(server.address) or complaints.append(request.url))
        page.goto(server.address + query)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def on_paper(page, points, size=1.0, left=0.0, top=0.0):
    box = page.locator("#paper").bounding_box()
    return [
        (box["x"] + box["width"] * (left + size * x), box["y"] + box["height"] * (top + size * y)) for x, y in points
    ]


def draw(page, digit, **where):
    for points in STROKES[digit]:
        first, *rest = on_paper(page, points, **where)
        page.mouse.move(*first)
        page.mouse.down()
        for point in rest:
            page.mouse.move(*point, steps=2)
        page.mouse.up()


def touch(page, digit):
    """The same with a finger."""
    tools = page.context.new_cdp_session(page)
    for points in STROKES[digit]:
        places = [[{"x": x, "y": y}] for x, y in on_paper(page, points)]
        for kind, place in [("touchStart", places[0]), *(("touchMove", p) for p in places[1:]), ("touchEnd", [])]:
            tools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": place})


def expect(page, selector, text):
    playwright.expect(page.locator(selector)).to_have_text(text, timeout=PATIENCE)


def checked(page):
    """The line about the gradient, once it has been measured."""
    line = page.locator("#checked:is(.agree, .disagree, .undecided)")
    line.wait_for()
    return line.inner_text().replace("\N{NO-BREAK SPACE}", " ")


def shares(page):
    return [float(text.rstrip("%")) for text in page.locator("#bars .share").all_inner_texts()]


def inked(page, canvas):
    """How many pixels of a canvas are not blank."""
    count = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 < 3 && v).length"
    return page.locator(canvas).evaluate(count)


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_drawn_digits_are_told_and_the_gradient_is_checked(open_page, viewport):
    page = open_page(viewport)
    for digit in ("1", "0", "7"):
        draw(page, digit)
        expect(page, "#digit", digit)
        page.click("#clear")
        expect(page, "#digit", "?")
    draw(page, "7")
    assert "agree to" in checked(page)
    assert "in all 784 pixels" in checked(page)
    assert shares(page)[7] == max(shares(page))
    assert sum(shares(page)) == pytest.approx(100, abs=0.5)
    assert inked(page, "#picture") > 50
    assert inked(page, "#gradient") > 500
    assert page.locator("#status").inner_text().startswith("It is a 7, probability ")


def test_a_small_digit_in_a_corner_is_the_same_digit(open_page):
    page = open_page()
    draw(page, "3", size=0.3, left=0.65, top=0.05)
    expect(page, "#digit", "3")


def test_a_finger_draws_and_does_not_scroll(open_page):
    page = open_page(PHONE, has_touch=True, is_mobile=True)
    touch(page, "7")
    expect(page, "#digit", "7")
    assert page.evaluate("window.scrollY") == 0


def test_undo_takes_back_a_stroke_and_clear_all_by_keyboard(open_page):
    page = open_page()
    assert page.locator("#undo").is_disabled()
    assert page.locator("#hint").is_visible()
    draw(page, "5")
    expect(page, "#digit", "5")
    assert page.locator("#hint").is_hidden()
    with page.expect_response("**/answer"):
        page.keyboard.press("Control+z")
    page.locator("#undo").press("Enter")
    expect(page, "#digit", "?")
    assert inked(page, "#paper") == inked(page, "#picture") == 0
    draw(page, "0")
    expect(page, "#digit", "0")
    page.locator("#clear").press("Space")
    expect(page, "#status", "Nothing is drawn.")
    assert page.locator("#clear").is_disabled()


def test_one_dot_is_answered_too(open_page):
    page = open_page()
    page.mouse.click(*on_paper(page, [(0.5, 0.5)])[0])
    playwright.expect(page.locator("#digit")).not_to_have_text("?", timeout=PATIENCE)
    assert page.locator("#trouble").is_hidden()


@pytest.mark.parametrize("options", [{"query": "?lang=zh"}, {"locale": "zh-CN"}], ids=["asked for", "the browser's"])
def test_it_speaks_chinese_and_changes_over(open_page, options):
    page = open_page(**options)
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    assert page.locator("#clear").inner_text() == "清除"
    draw(page, "1")
    assert "已验证" in checked(page)
    page.click("#language")
    assert page.locator("#clear").inner_text() == "Clear"
    assert "agree to" in checked(page)
    assert page.title() == "Draw a digit"


def test_both_languages_have_the_same_words(open_page):
    page = open_page()
    keys = page.evaluate("import('./words.js').then(m => Object.values(m.WORDS).map(w => Object.keys(w).sort()))")
    assert len(keys) == 2
    assert keys[0] == keys[1]


CONTRAST = """
selector => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  const light = (colour) => numbers(colour).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const element = document.querySelector(selector);
  const card = element.closest('.card');
  const [a, b] = [getComputedStyle(element).color, getComputedStyle(card).backgroundColor].map(light);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["phone", "desk"])
def test_it_fits_and_can_be_read_in_light_and_dark(open_page, viewport, scheme):
    page = open_page(viewport, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    for selector in ("h2", "#digit", "#bars li", "figcaption", "#more", "#checked"):
        assert page.evaluate(CONTRAST, selector) >= 4.5
    for button in page.locator("button").all():
        assert button.bounding_box()["height"] >= 44
        assert button.get_attribute("aria-label") or button.inner_text()
    for canvas in page.locator("canvas").all():
        assert canvas.get_attribute("aria-label")


def test_it_says_when_the_program_has_ended(browser, server):
    page = browser.new_page(viewport=DESK, locale="en-GB")
    page.goto(server.address)
    page.route("**/answer", lambda route: route.abort())
    draw(page, "1")
    expect(page, "#trouble", "No answer: the program has ended. Start gradcheck draw again, and open its new address.")
    page.close()


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"verdict": "agree", "difference": 3e-10, "pixels": 784}, "agree to 3 · 10⁻¹⁰, in all 784 pixels."),
        ({"verdict": "disagree", "difference": 0.2, "pixels": 700}, "WRONG: backpropagation and central differences"),
        ({"verdict": "undecided", "difference": 0.0, "pixels": 0}, "Undecided: the central differences are not exact"),
        (
            {"verdict": "agree", "difference": 2e-9, "pixels": 90, "kinks": 5},
            "in 90 of 784 pixels. 5 pixels lie at a kink",
        ),
    ],
    ids=["agree", "disagree", "undecided", "kinks"],
)
def test_each_outcome_of_the_check_is_said(open_page, found, said):
    page = open_page()
    page.route("**/check", lambda route: route.fulfill(json={"kinks": 0, "of": 784, **found}))
    draw(page, "1")
    assert said in checked(page)
    assert page.locator("#checked").get_attribute("class") == found["verdict"]
