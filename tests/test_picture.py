"""The picture of a network shows every layer with its shape and parameters; boxes and arrows keep out of the way."""

from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from gradcheck.analytic import (
    Add,
    Concatenate,
    Dense,
    Embedding,
    Input,
    Model,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    Tanh,
)
from gradcheck.analytic.layered import NARROW, layered

SVG = "{http://www.w3.org/2000/svg}"
x = np.zeros((5, 3))


def texts(picture):
    return [element.text for element in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def spoken(picture):
    return ElementTree.fromstring(picture).find(f"{SVG}desc").text


def branches():
    a, b = Input(3, name="pixels"), Input(2)
    shared = Dense(3, 3)
    h = shared(ReLU()(shared(a)))
    return Model([a, b], [Dense(5, 2)(Concatenate()(Add()(a, h), b)), Tanh()(h)])


def test_a_row_of_layers():
    network = Sequential(Dense(3, 4), ReLU(), Dense(4, 2), loss=SoftmaxCrossEntropy())
    assert texts(network.picture(x)) == [
        *("x", "(N, 3)"),
        *("0 Dense(3, 4)", "(N, 4) · 16 parameters"),
        *("1 ReLU()", "(N, 4)"),
        *("2 Dense(4, 2)", "(N, 2) · 10 parameters"),
        "SoftmaxCrossEntropy()",
    ]
    assert "1 ReLU(), (N, 4), from 0 Dense(3, 4); 2 Dense" in spoken(network.picture(x))


def test_without_inputs_there_are_no_shapes():
    assert texts(Sequential({"in": Embedding(7, 3), "out": Dense(3, 1)}).picture()) == [
        *("x", "in Embedding(7, 3)", "21 parameters", "out Dense(3, 1)", "4 parameters", "y")
    ]


def test_branches_and_weights_that_are_shared():
    picture = branches().picture(x, np.zeros((5, 2)))
    words = texts(picture)
    assert [word for word in words if word in {"pixels", "x1", "x2", "y1", "y2"}] == ["pixels", "x2", "y1", "y2"]
    assert words.count("0 Dense(3, 3)") == 2
    assert words.count("(N, 3) · 12 parameters") == words.count("(N, 3) · the same weights") == 1
    assert "2 Add(), (N, 3), from pixels and 0 Dense(3, 3)" in spoken(picture)


def test_inputs_that_do_not_fit_are_told_as_in_forward():
    with pytest.raises(ValueError, match="forward was given 1 arrays, expected 2"):
        branches().picture(x)


def test_the_network_is_left_as_it_was():
    model = branches()
    inputs = x, np.zeros((5, 2))
    model.forward(*inputs)
    before = model._memory
    model.picture(*inputs)
    assert model._memory is before
    assert model.training


def test_whatever_a_name_is_the_picture_is_sound_and_says_all():
    class Wordy(ReLU):
        def __repr__(self):
            return f"<{'&' * 100}>"

    picture = Sequential({'"<b>': Wordy()}).picture()
    (box,) = (group for group in ElementTree.fromstring(picture).iter(f"{SVG}g") if "&" in group[0].text)
    assert box[0].text == f'"<b> <{"&" * 100}>'
    assert max(map(len, texts(picture))) == 48


def test_it_is_named_for_who_cannot_see_it_and_by_names_of_its_own():
    def names(picture):
        root = ElementTree.fromstring(picture)
        found = [root.find(f"{SVG}{tag}").get("id") for tag in ("title", "desc")]
        assert root.get("aria-labelledby").split() == found
        return found

    assert not set(names(branches().picture())) & set(names(Sequential(ReLU()).picture()))


def test_it_is_saved_and_shown_in_notebooks(tmp_path):
    picture = branches().picture()
    picture.save(tmp_path / "network.svg")
    assert (tmp_path / "network.svg").read_text(encoding="utf-8") == picture == picture._repr_svg_()


def crowded(rows, xs, widths, ways):
    """Whether two things of a row overlap: boxes, or arrows that pass."""
    spans = [(row, x - width / 2, x + width / 2) for row, x, width in zip(rows, xs, widths, strict=True)]
    spans += [(row, x - NARROW / 2, x + NARROW / 2) for way in ways for row, x in way[1:-1]]
    spans.sort()
    return any(a[0] == b[0] and b[1] < a[2] - 1e-6 for a, b in pairwise(spans))


@pytest.mark.parametrize("seed", range(20))
def test_arrows_lead_down_and_nothing_is_in_the_way(seed):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 30))
    widths = rng.uniform(30, 300, size=count).tolist()
    arrows = [(int(rng.integers(b)), b) for b in range(1, count) for _ in range(rng.integers(3))]
    rows, xs, ways = layered(widths, arrows, gap=20)
    assert all(
        [row for row, _ in way] == list(range(rows[a], rows[b] + 1)) for way, (a, b) in zip(ways, arrows, strict=True)
    )
    assert all(rows[a] < rows[b] for a, b in arrows)
    assert not crowded(rows, xs, widths, ways)
    assert count < 5 or crowded([0] * count, xs, widths, ways)


def test_a_chain_is_straight():
    _, xs, _ = layered([50.0, 300.0, 10.0], [(0, 1), (1, 2)], gap=20)
    assert len(set(xs)) == 1


def test_a_deep_network_is_no_problem():
    a = symbol = Input(3)
    for _ in range(500):
        symbol = ReLU()(symbol)
    assert len(texts(Model(a, symbol).picture())) == 503
