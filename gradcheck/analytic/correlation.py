"""The three products that every convolutional layer is made of.

With the windows of an image as columns X (entries of a window, places) and each filter as a row of a matrix W, the maps
are Y = W X for each image, as in a dense layer; and as there, the gradients are dW = dY Xᵀ, summed over the images, and
dX = Wᵀ dY. A transposed convolution uses the same three the other way round. With G groups all three hold for each
group of channels and filters by itself.

Axes: W (F, C/G, *size), columns (N, C, K, *places) with K entries in a window, maps (N, F, *places).

Chellapilla, Puri, Simard, "High performance convolutional neural networks for document processing" (2006).
"""

from math import prod

from gradcheck.analytic.validation import Array


def maps_of(columns: Array, W: Array, groups: int) -> Array:
    """Y = W X: the maps (N, F, *places)."""
    Y = _rows(W, groups) @ _grouped(columns, groups)  # (G, F/G, C/G·K) @ (N, G, C/G·K, P)
    return Y.reshape(len(columns), len(W), *columns.shape[3:])


def columns_of(maps: Array, W: Array, groups: int) -> Array:
    """X = Wᵀ Y: the columns (N, C, K, *places)."""
    X = _rows(W, groups).swapaxes(1, 2) @ _grouped(maps, groups, 1)  # (G, C/G·K, F/G) @ (N, G, F/G, P)
    return X.reshape(len(maps), W.shape[1] * groups, prod(W.shape[2:]), *maps.shape[2:])


def weights_of(maps: Array, columns: Array, W: Array, groups: int) -> Array:
    """Y Xᵀ, summed over the images: in the shape of W."""
    each = _grouped(maps, groups, 1) @ _grouped(columns, groups).swapaxes(2, 3)  # (N, G, F/G, P) @ (N, G, P, C/G·K)
    total: Array = each.sum(axis=0).reshape(W.shape)
    return total


def _rows(W: Array, groups: int) -> Array:
    """The filters as rows, group by group: (G, F/G, C/G·K)."""
    return W.reshape(groups, len(W) // groups, prod(W.shape[1:]))


def _grouped(array: Array, groups: int, entries: int = 2) -> Array:
    """An array (N, C, ..., *places) as matrices (N, G, rows, P): the axes after N, up to so many, are rows."""
    rows, places = prod(array.shape[1 : 1 + entries]), prod(array.shape[1 + entries :])
    return array.reshape(len(array), groups, rows // groups, places)
