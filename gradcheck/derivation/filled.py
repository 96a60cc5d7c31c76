"""Arrays that are filled piece by piece: ``h = np.zeros(...)``, then ``h[t] = np.tanh(...)``.

A traced value never changes. So an array made to be filled keeps what was written and where; when it is read, the
pieces become one value, ``assembled``, whose step back hands every entry of δ to what was written there. A piece that
is read just as it was written, as ``h[t - 1]``, is that very value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.derivation.indexing import has_arrays, is_position, plain_index
from gradcheck.derivation.spelling import index_text
from gradcheck.derivation.value import Traced, apply


class Filled(Traced):
    """An array of traced code that may be written into; operations get what it holds at the time."""

    def __init__(self, base: Traced) -> None:
        super().__init__(np.array(base.value), depends=base.depends)
        self.base = base
        self.pieces: list[tuple[Any, Traced]] = []
        self._rewritten = False
        self._held: Traced | None = base

    @property
    def held(self) -> Traced:
        """What it holds now, as a value that stays as it is."""
        if self._held is None:
            indices = tuple(index for index, _ in self.pieces)
            self._held = apply("assembled", self.base, *(piece for _, piece in self.pieces), indices=indices)
        return self._held

    def named(self, name: str) -> Iterator[tuple[str, Traced]]:
        """What is computed in it, and how the code would call that."""
        for index, piece in self.pieces:
            if piece.inputs and not has_arrays(index):
                yield f"{name}[{index_text(index)}]", piece
        if self._held is not None and (self.pieces or self._rewritten):
            yield name, self._held

    def __setitem__(self, index: Any, value: Any) -> None:
        index = _from_the_front(plain_index(index), self.shape)
        piece = _in_shape(value, np.shape(self.value[index]))
        self.value[index] = piece.value
        if _is_whole(index):  # as y += 1 writes: nothing is left of what was there
            self.base, self.pieces, self._held = piece, [], piece
            self.depends, self._rewritten = piece.depends, True
            return
        self.pieces = [(old, written) for old, written in self.pieces if not _same(old, index)] + [(index, piece)]
        self.depends, self._held = self.depends or piece.depends, None

    def __getitem__(self, index: Any) -> Traced:
        index = _from_the_front(plain_index(index), self.shape)
        latest_first: list[tuple[Any, Traced]] = self.pieces[::-1]
        for written, piece in latest_first:
            if _same(written, index):
                return piece
            if _overlap(written, index, self.shape):
                return self.held[index]
        return self.base[index] if self.base.depends else Traced(self.base.value[index])

    def add_at(self, index: Any, values: Any, add: Callable[[Any, Any], Any]) -> None:
        """``np.add.at``: what falls on one place adds up."""
        index = plain_index(index)
        added = _in_shape(values, self.value[index].shape)
        self[...] = add(self, added.then("scatter", index=index, shape=self.shape))

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        out = options.pop("out", (None,))
        if any(o is not None and not isinstance(o, Filled) for o in out):
            return super().__array_ufunc__(ufunc, method, *inputs, out=out, **options)
        result = super().__array_ufunc__(ufunc, method, *inputs, **options)
        if out[0] is None:
            return result
        out[0][...] = result
        return out[0]


def _in_shape(value: Any, region: tuple[int, ...]) -> Any:
    """What is written, in the shape of its place; NumPy drops leading axes of length 1."""
    piece: Any = _held(value) if isinstance(value, Traced) else Traced(np.asarray(value, float))
    if piece.ndim > len(region):
        piece = np.reshape(piece, piece.shape[piece.ndim - len(region) :])
    return np.broadcast_to(piece, region)


def _held(value: Traced) -> Traced:
    return value.held if isinstance(value, Filled) else value


def _from_the_front(index: Any, shape: tuple[int, ...]) -> Any:
    """A position counted from the front, a single number as such; any other index as it is."""
    if not is_position(index):
        return index
    places = index if isinstance(index, tuple) else (index,)
    found = tuple(int(i) % n if -n <= i < n else int(i) for i, n in zip(places, shape, strict=False))
    return found[0] if len(found) == 1 else found


def _is_whole(index: Any) -> bool:
    return index is Ellipsis or (isinstance(index, slice) and index == slice(None))


def _same(one: Any, other: Any) -> bool:
    """Whether two indices are written alike; of arrays nobody knows."""
    return not (has_arrays(one) or has_arrays(other)) and repr(one) == repr(other)


def _overlap(one: Any, other: Any, shape: tuple[int, ...]) -> bool:
    touched = np.zeros(shape, bool)
    touched[one] = True
    return bool(np.any(touched[other]))
