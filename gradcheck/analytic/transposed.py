"""The transposed convolution: the backward pass of a convolution, taken as a forward pass."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from gradcheck.analytic.convolution import along_channels, channel_sums, groups_of, random_filters, require_channels
from gradcheck.analytic.correlation import columns_of, maps_of, weights_of
from gradcheck.analytic.layer import Layer, Parameter
from gradcheck.analytic.validation import Array, float_dtype, positive_integer
from gradcheck.analytic.windows import AXES, INPUTS, Sizes, Windows, padding_of, sizes


class Conv2DTranspose(Layer):
    """Each entry of x adds the pattern W to y, times itself: y_nf(p·s+i)(q·s+j) gets W_cfij x_ncpq; and b_f everywhere.

    Shapes: x (N, C, H, W), W (C, F / groups, KH, KW), b (F,), y (N, F, OH, OW). This is what `Conv2D` with this W does
    to its dy on the way back to dx, hence the name; no inverse. With stride s it enlarges: OH = (H − 1)·s + KH for
    dilation 1 and no padding. Padding is cut off y: "same" leaves OH = H·s, a number p leaves out p rows on each side.

    Backward is therefore a convolution:

    * ∂L/∂x_ncpq = Σ_fij W_cfij dy_nf(p·s+i)(q·s+j);
    * ∂L/∂W_cfij = Σ_npq x_ncpq dy_nf(p·s+i)(q·s+j), with x and dy in each other's places;
    * ∂L/∂b_f = Σ_npq dy_nfpq.

    Parameters
    ----------
    C, filters : int
        The number of input and output channels.
    kernel_size, stride, dilation : int or (int, int)
        For rows and columns.
    padding : "valid", "same", int or (int, int)
        Nothing cut off y; so much that H·s rows are left; or this much on each side.
    output_padding : int or (int, int)
        Rows and columns to add below and to the right of y, less than the stride: a convolution with a stride takes
        images of several sizes to one, and this says which of them to make. Not with "same".
    groups : int
        As in `Conv2D`.
    rng, dtype
        As in `Conv2D`.

    Examples
    --------
    >>> layer = Conv2DTranspose(1, 1, (1, 2))
    >>> layer.W[...] = [[[[10, 1]]]]
    >>> layer.forward([[[[1.0, 2.0]]]])
    array([[[[10., 21.,  2.]]]])
    >>> layer.backward([[[[1.0, 2.0, 3.0]]]])
    array([[[[12., 23.]]]])

    References
    ----------
    Zeiler, Krishnan, Taylor, Fergus, "Deconvolutional networks", CVPR 2010; Dumoulin and Visin, "A guide to convolution
    arithmetic for deep learning", arXiv:1603.07285 (2016), chapter 4.
    """

    W = Parameter()
    b = Parameter()

    def __init__(
        self,
        C: int,
        filters: int,
        kernel_size: int | Sizes,
        *,
        stride: int | Sizes = 1,
        padding: Any = "valid",
        output_padding: int | Sizes = 0,
        dilation: int | Sizes = 1,
        groups: int = 1,
        rng: int | np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        owner = type(self).__name__
        C, F = positive_integer(owner, "C", C), positive_integer(owner, "filters", filters)
        self.groups = groups_of(owner, groups, C, F)
        self.windows = Windows(
            sizes(owner, "kernel_size", kernel_size, 2),
            sizes(owner, "stride", stride, 2),
            padding_of(owner, padding, 2),
            sizes(owner, "dilation", dilation, 2),
        )
        self.output_padding = self._output_padding(owner, output_padding)
        W = random_filters((C, F // self.groups, *self.windows.size), rng, float_dtype(owner, dtype))
        super().__init__(W=W, b=np.zeros(F, W.dtype))

    def _forward(self, x: Array) -> tuple[Array, Any]:
        columns = columns_of(x, self.W, self.groups)
        y = self.windows.scatter(columns, self._output(x.shape[2:]))
        y += along_channels(self.b, 2)
        return y, x

    def _backward(self, dy: Array, x: Array) -> Array:
        columns = self.windows.gather(dy)
        self.grads["W"] = weights_of(x, columns, self.W, self.groups)
        self.grads["b"] = channel_sums(dy)
        return maps_of(columns, self.W, self.groups)

    def _output(self, image: Sizes) -> Sizes:
        """The rows and columns of y: an image that a convolution with these windows takes to one of x's size."""
        if self.windows.padding == "same":
            return tuple(side * stride for side, stride in zip(image, self.windows.stride, strict=True))
        sides = zip(image, self.windows.stride, self.windows.extents, strict=True)
        margins = self.windows.margins(image)
        return tuple(
            (side - 1) * stride + extent - sum(margin) + more
            for (side, stride, extent), margin, more in zip(sides, margins, self.output_padding, strict=True)
        )

    def _output_padding(self, owner: str, value: Any) -> Sizes:
        each = tuple(value) if isinstance(value, tuple | list) else (value, value)
        limits = (1, 1) if self.windows.padding == "same" else self.windows.stride
        if len(each) != 2 or any(side not in range(limit) for side, limit in zip(each, limits, strict=True)):
            raise ValueError(
                f"{owner}: output_padding = {value!r}, expected 0 with padding='same', else an integer from 0 and less "
                f"than stride = {self.windows.stride}, or a pair (rows, columns)"
            )
        return each

    def _check_shape(self, x: Array) -> None:
        if x.ndim != 4:
            raise ValueError(f"{self!r}: x has shape {x.shape}, expected {INPUTS[2]}")
        require_channels(self, x, len(self.W))
        lengths = zip(AXES[2], self._output(x.shape[2:]), strict=True)
        for axis, (name, length) in enumerate(lengths, start=2):
            if x.shape[axis] < 1 or length < 1:
                raise ValueError(
                    f"{self!r}: x has {x.shape[axis]} {name} on axis {axis}, which leaves {length} of the output; "
                    "expected at least 1"
                )

    def __repr__(self) -> str:
        C, F, *_ = self._shapes["W"]
        more = f", output_padding={self.output_padding}" if any(self.output_padding) else ""
        groups = f", groups={self.groups}" if self.groups > 1 else ""
        return f"{type(self).__name__}({C}, {F * self.groups}, {self.windows}{more}{groups})"
