"""Several derivations that belong together: all eight weights of a network, or dx, dW and db of a layer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

from gradcheck.derivation.derivation import Derivation, can_write_mathematics


@dataclass(frozen=True, repr=False)
class Derivations(Sequence[Derivation]):
    """A sequence of derivations; also by the name of the variable, ``found["W"]``.

    It has the renderings of a :class:`Derivation`, with the same options.
    """

    items: tuple[Derivation, ...]

    @property
    def ok(self) -> bool:
        """Whether each of them is."""
        return all(d.ok for d in self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Derivation]:
        return iter(self.items)

    @overload
    def __getitem__(self, key: int | str) -> Derivation: ...

    @overload
    def __getitem__(self, key: slice) -> tuple[Derivation, ...]: ...

    def __getitem__(self, key: int | str | slice) -> Derivation | tuple[Derivation, ...]:
        if not isinstance(key, str):
            return self.items[key]
        for d in self.items:
            if d.wrt == key:
                return d
        raise KeyError(f"no derivation with respect to {key!r}; there are those of {', '.join(d.wrt for d in self)}")

    def __repr__(self) -> str:
        return f"Derivations({', '.join(repr(d) for d in self.items)})"

    def __str__(self) -> str:
        return self.text(ascii=not can_write_mathematics())

    def text(self, **options: Any) -> str:
        """One text after the other."""
        return "\n\n\n".join(d.text(**options) for d in self.items)

    def markdown(self, **options: Any) -> str:
        """One section after the other."""
        return "\n".join(d.markdown(**options) for d in self.items)

    def latex(self, *, form: str = "display", **options: Any) -> str:
        """One environment after the other, or one document with them all."""
        from gradcheck.derivation.latex import document, sections

        if form != "document":
            return "\n\n".join(d.latex(form=form, **options) for d in self.items)
        return document([sections(d, **options) for d in self.items], options.get("lang"))

    def to_html(self, **options: Any) -> str:
        """One page with them all."""
        from gradcheck.derivation.html import pages

        return pages(self.items, **options)

    def to_dict(self) -> dict[str, Any]:
        """All of them as plain data."""
        return {"schema": "gradcheck.derivations/1", "derivations": [d.to_dict() for d in self.items]}

    def to_speech(self, *, lang: str | None = None) -> str:
        """One after the other, to be read aloud."""
        return "\n\n".join(d.to_speech(lang=lang) for d in self.items)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        bundles = [d._repr_mimebundle_(include, exclude) for d in self.items]
        return {kind: "\n\n".join(bundle[kind] for bundle in bundles) for kind in (bundles[0] if bundles else {})}
