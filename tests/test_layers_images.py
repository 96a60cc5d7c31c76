"""Convolution and pooling: cases to follow with a pencil, the geometry of padding and strides, and its error texts."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcheck.analytic import (
    AveragePooling2D,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    DepthwiseConv2D,
    GlobalMaxPooling2D,
    MaxPooling2D,
    MaxPooling3D,
    SeparableConv2D,
    UpSampling2D,
)
from gradcheck.analytic.windows import Windows


def says(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}$")


def conv(W, **options):
    W = np.array(W, float)
    F, C, *size = W.shape
    layer = Conv2D(C * options.get("groups", 1), F, tuple(size), rng=0, **options)
    layer.W = W
    return layer


IMAGE = [[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]]


def test_convolution_in_whole_numbers():
    layer = conv([[[[1, 10], [100, 1000]]]])
    layer.b = np.array([0.5])
    assert layer.forward(IMAGE).tolist() == [[[[5421.5, 6532.5], [8754.5, 9865.5]]]]
    dx = layer.backward([[[[1.0, 0.0], [0.0, 2.0]]]])
    assert dx.tolist() == [[[[1, 10, 0], [100, 1000 + 2, 20], [0, 200, 2000]]]]
    assert layer.grads["W"].tolist() == [[[[1 + 10, 2 + 12], [4 + 16, 5 + 18]]]]
    assert layer.grads["b"].tolist() == [3]


def test_a_filter_of_one_entry_is_a_dense_layer_over_channels():
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, 6, 4, 5))
    layer = Conv2D(3, 6, 1, rng=rng)
    matrix = layer.W[:, :, 0, 0]
    np.testing.assert_allclose(layer.forward(x), np.einsum("nchw,fc->nfhw", x, matrix), rtol=1e-12)
    np.testing.assert_allclose(layer.backward(dy), np.einsum("nfhw,fc->nchw", dy, matrix), rtol=1e-12)


def test_same_padding_leaves_the_size_and_puts_the_odd_row_below():
    layer = conv([[[[1], [10]]]], padding="same")
    assert layer.forward(IMAGE).tolist() == [[[[41, 52, 63], [74, 85, 96], [7, 8, 9]]]]
    assert layer.backward(np.ones((1, 1, 3, 3))).tolist() == [[[[1, 1, 1], [11, 11, 11], [11, 11, 11]]]]


def test_strides_and_dilation_skip_places():
    assert conv([[[[1]]]], stride=2).forward(IMAGE).tolist() == [[[[1, 3], [7, 9]]]]
    assert conv([[[[1, 10]]]], dilation=2).forward(IMAGE).tolist() == [[[[31], [64], [97]]]]
    skipping = conv([[[[1]]]], stride=(3, 2))
    assert skipping.forward(IMAGE).tolist() == [[[[1, 3]]]]
    assert skipping.backward([[[[5.0, 6.0]]]]).tolist() == [[[[5, 0, 6], [0, 0, 0], [0, 0, 0]]]]


def test_groups_do_not_see_each_other():
    layer = conv([[[[2]]], [[[3]]]], groups=2)
    x = np.array([[[[1.0]], [[10.0]]]])
    assert layer.forward(x).tolist() == [[[[2]], [[30]]]]
    assert layer.backward(np.array([[[[1.0]], [[100.0]]]])).tolist() == [[[[2]], [[300]]]]
    assert layer.grads["W"].tolist() == [[[[1]]], [[[1000]]]]


def test_max_pooling_in_whole_numbers():
    layer = MaxPooling2D(2, stride=1)
    assert layer.forward(IMAGE).tolist() == [[[[5, 6], [8, 9]]]]
    assert layer.backward([[[[1.0, 2.0], [3.0, 4.0]]]]).tolist() == [[[[0, 0, 0], [0, 1, 2], [0, 3, 4]]]]
    overlapping = MaxPooling2D((3, 1), stride=1, padding="same")
    assert overlapping.forward(IMAGE).tolist() == [[[[4, 5, 6], [7, 8, 9], [7, 8, 9]]]]
    assert overlapping.backward(np.ones((1, 1, 3, 3))).tolist() == [[[[0, 0, 0], [1, 1, 1], [2, 2, 2]]]]


def test_padding_never_wins_a_maximum():
    assert MaxPooling2D(3, padding="same").forward(-np.array(IMAGE)).tolist() == [[[[-1]]]]
    assert MaxPooling2D(3, stride=2, padding=1).forward(-np.array(IMAGE)).tolist() == [[[[-1, -2], [-4, -5]]]]


def test_of_equal_maxima_the_first_takes_all():
    layer = MaxPooling2D(2)
    layer.forward([[[[1.0, 3.0], [3.0, 3.0]]]])
    assert layer.backward([[[[7.0]]]]).tolist() == [[[[0, 7], [0, 0]]]]


def test_average_pooling_in_whole_numbers():
    layer = AveragePooling2D(2, stride=1)
    assert layer.forward(IMAGE).tolist() == [[[[3, 4], [6, 7]]]]
    assert layer.backward([[[[4.0, 8.0], [12.0, 16.0]]]]).tolist() == [[[[1, 3, 2], [4, 10, 6], [3, 7, 4]]]]


def test_padding_does_not_count_in_an_average():
    layer = AveragePooling2D(3, padding="same", stride=3)
    assert layer.forward(np.ones((1, 1, 4, 4))).tolist() == np.ones((1, 1, 2, 2)).tolist()
    assert layer.backward(np.ones((1, 1, 2, 2))).sum() == pytest.approx(4)


@settings(max_examples=100)
@given(
    st.tuples(*[st.tuples(st.integers(1, 3), st.integers(1, 3))] * 3),
    st.sampled_from(["valid", "same", ((1, 1), (0, 0)), ((2, 0), (1, 3))]),
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
)
def test_scatter_is_the_transpose_of_gather(pairs, padding, more):
    """⟨gather x, w⟩ = ⟨x, scatter w⟩ for all x and w: what makes backward right for any geometry."""
    size, stride, dilation = pairs
    windows = Windows(size, stride, padding, dilation)
    image = tuple((k - 1) * d + 1 + m for k, d, m in zip(size, dilation, more, strict=True))
    rng = np.random.default_rng(0)
    x = rng.integers(-9, 10, (2, 3, *image)).astype(float)
    gathered = windows.gather(x)
    w = rng.integers(-9, 10, gathered.shape).astype(float)
    assert (gathered * w).sum() == (x * windows.scatter(w, image)).sum()
    if padding == "same":
        assert gathered.shape[3:] == tuple(-(-n // s) for n, s in zip(image, stride, strict=True))


@pytest.mark.parametrize(
    ("layer", "shown"),
    [
        (Conv2D(3, 4, 5), "Conv2D(3, 4, 5)"),
        (
            Conv2D(4, 6, (3, 2), stride=(2, 1), padding="same", dilation=2, groups=2),
            "Conv2D(4, 6, (3, 2), stride=(2, 1), padding='same', dilation=2, groups=2)",
        ),
        (Conv2D(1, 1, 3, padding=1), "Conv2D(1, 1, 3, padding=1)"),
        (Conv2D(1, 1, 3, padding=((2, 0), 1)), "Conv2D(1, 1, 3, padding=((2, 0), 1))"),
        (Conv1D(4, 6, 3, padding=((2, 0),), groups=2), "Conv1D(4, 6, 3, padding=((2, 0),), groups=2)"),
        (Conv3D(1, 2, (1, 2, 3)), "Conv3D(1, 2, (1, 2, 3))"),
        (DepthwiseConv2D(3, 2, multiplier=2), "DepthwiseConv2D(3, 2, multiplier=2)"),
        (SeparableConv2D(3, 4, 2, stride=2), "SeparableConv2D(3, 4, 2, stride=2)"),
        (
            Conv2DTranspose(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2),
            "Conv2DTranspose(4, 6, 3, stride=2, padding=1, output_padding=(1, 1), groups=2)",
        ),
        (UpSampling2D((2, 3), "bilinear"), "UpSampling2D((2, 3), 'bilinear')"),
        (MaxPooling3D((1, 2, 2)), "MaxPooling3D((1, 2, 2), stride=(1, 2, 2))"),
        (MaxPooling2D(), "MaxPooling2D(2, stride=2)"),
        (AveragePooling2D((2, 3), 1, "same"), "AveragePooling2D((2, 3), padding='same')"),
    ],
)
def test_layers_show_their_options(layer, shown):
    assert repr(layer) == shown


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Conv2D(0, 1, 3), ValueError, "Conv2D: C = 0, expected at least 1"),
        (lambda: Conv2D(1, 1.5, 3), TypeError, "Conv2D: filters = 1.5 is no integer"),
        (lambda: Conv2D(4, 3, 1, groups=2), ValueError, "Conv2D: groups = 2 divides not both C = 4 and filters = 3"),
        (
            lambda: Conv2D(1, 1, (3, 3, 3)),
            ValueError,
            "Conv2D: kernel_size = (3, 3, 3), expected an integer or a pair (rows, columns)",
        ),
        (lambda: Conv2D(1, 1, 3, stride=0), ValueError, "Conv2D: stride = 0, expected at least 1"),
        (
            lambda: Conv2D(1, 1, 3, padding="full"),
            ValueError,
            "Conv2D: padding = 'full', expected 'valid', 'same', an integer from 0, or a pair (rows, columns), "
            "each an integer or a pair (before, after)",
        ),
        (
            lambda: Conv2D(1, 1, 3, padding=-1),
            ValueError,
            "Conv2D: padding = -1, expected 'valid', 'same', an integer from 0, or a pair (rows, columns), "
            "each an integer or a pair (before, after)",
        ),
        (
            lambda: Conv3D(1, 1, 3, padding=(1, 1)),
            ValueError,
            "Conv3D: padding = (1, 1), expected 'valid', 'same', an integer from 0, or three of them (planes, rows, "
            "columns), each an integer or a pair (before, after)",
        ),
        (
            lambda: Conv1D(1, 1, (3, 3)),
            ValueError,
            "Conv1D: kernel_size = (3, 3), expected an integer or a tuple (steps,)",
        ),
        (
            lambda: Conv2DTranspose(1, 1, 3, stride=2, output_padding=2),
            ValueError,
            "Conv2DTranspose: output_padding = 2, expected 0 with padding='same', else an integer from 0 and less than "
            "stride = (2, 2), or a pair (rows, columns)",
        ),
        (
            lambda: UpSampling2D(2, "cubic"),
            ValueError,
            "UpSampling2D: interpolation = 'cubic', expected 'nearest' or 'bilinear'",
        ),
        (
            lambda: MaxPooling2D(2, padding=2),
            ValueError,
            "MaxPooling2D: padding = 2, expected less than pool_size = 2",
        ),
    ],
)
def test_options_that_make_no_layer(make, error, message):
    with says(error, message):
        make()


def test_images_that_do_not_fit():
    layer = Conv2D(3, 4, (2, 3), rng=0)
    with says(ValueError, "Conv2D(3, 4, (2, 3)): x has shape (3, 5, 5), expected images (N, C, H, W)"):
        layer.forward(np.zeros((3, 5, 5)))
    with says(ValueError, "Conv2D(3, 4, (2, 3)): x has 2 channels on axis 1, expected C = 3"):
        layer.forward(np.zeros((1, 2, 5, 5)))
    with says(
        ValueError,
        "Conv2D(3, 4, (2, 3)): x has 2 columns on axis 3, expected at least 3, as a window takes 3",
    ):
        layer.forward(np.zeros((1, 3, 2, 2)))
    with says(
        ValueError,
        "AveragePooling2D(5, stride=5, padding=1): x has 2 rows on axis 2, expected at least 3, as a window takes 5",
    ):
        AveragePooling2D(5, padding=1).forward(np.zeros((1, 3, 2, 9)))
    with says(ValueError, "Conv3D(1, 1, 2): x has shape (1, 1, 5, 5), expected volumes (N, C, D, H, W)"):
        Conv3D(1, 1, 2).forward(np.zeros((1, 1, 5, 5)))
    with says(ValueError, "Conv1D(1, 1, 3): x has 2 steps on axis 2, expected at least 3, as a window takes 3"):
        Conv1D(1, 1, 3).forward(np.zeros((1, 1, 2)))
    with says(ValueError, "Conv2DTranspose(3, 4, 2): x has 2 channels on axis 1, expected C = 3"):
        Conv2DTranspose(3, 4, 2).forward(np.zeros((1, 2, 5, 5)))
    with says(
        ValueError,
        "Conv2DTranspose(1, 1, 2, padding=1): x has 1 columns on axis 3, which leaves 0 of the output; "
        "expected at least 1",
    ):
        Conv2DTranspose(1, 1, 2, padding=1).forward(np.zeros((1, 1, 5, 1)))
    with says(ValueError, "GlobalMaxPooling2D(): x has 0 rows on axis 2, expected at least 1"):
        GlobalMaxPooling2D().forward(np.zeros((1, 1, 0, 3)))
    with says(ValueError, "UpSampling2D(2): x has shape (2, 3), expected images (N, C, H, W)"):
        UpSampling2D().forward(np.zeros((2, 3)))
