"""Dictionaries among the arguments: ``conv_param``, ``bn_param``, ``parameters`` of a model of several layers."""

import re
from collections.abc import Callable, Iterator

from gradcheck.checking.modules.argument import Argument
from gradcheck.checking.modules.source import Source
from gradcheck.checking.modules.specs import Entries, Fixed, Floats, Spec
from gradcheck.checking.modules.vocabulary import MADE
from gradcheck.checking.modules.worlds import World

Guesser = Callable[[Argument, World, Source], list[Spec]]

_LAYER = re.compile(r"(?P<weight>[Ww](eights?)?|[Tt]heta)?(?P<bias>[Bb](ias)?)?_?(?P<number>\d)")
_TENSOR = re.compile(r"[WwUVb]\w{0,2}|gamma|beta")


def entries(argument: Argument, world: World, source: Source, guess: Guesser) -> list[Spec]:
    """What a dictionary may hold, as far as its keys tell: the likeliest, then every other guess at one entry.

    `guess` is what an array of floats may be.
    """
    keys = source.keys[argument.name]
    options = {key: _entry(argument.name, key, world, source, guess) for key in keys}
    options = {key: specs for key, specs in options.items() if specs}
    first = {key: specs[0] for key, specs in options.items()}
    whole = [first | chain for chain in _chains(keys, world)] or [first]
    settings = [(key, spec) for key, specs in options.items() for spec in specs[1:] if isinstance(spec, Fixed)]
    return [Entries(specs) for specs in [*whole, *({**whole[0], key: spec} for key, spec in settings)]]


def _entry(dictionary: str, key: str, world: World, source: Source, guess: Guesser) -> list[Spec]:
    """The value of a key; none where the code may well do without."""
    argument = Argument(key, True, beside=tuple(source.keys[dictionary]))
    known = next((found(argument, world, source) for name, found in MADE if re.fullmatch(name, argument.plain)), [])
    if key in source.words:
        usual = [spec for spec in known if isinstance(spec, Fixed) and isinstance(spec.value, str)]
        return list(dict.fromkeys([*usual, *map(Fixed, source.words[key])]))
    if source.spares(dictionary, key) and not (known and isinstance(known[0], Fixed) and key not in ("axis", "dim")):
        return []
    if _TENSOR.fullmatch(key):
        return guess(Argument(key, False), world, source)
    return known or ([] if re.fullmatch(r"running_\w+", argument.plain) else [Fixed(0.5)])


def _chains(keys: list[str], world: World) -> Iterator[dict[str, Spec]]:
    """Weights and biases that are numbered, each layer as wide as the one before says; the last of many, or of one."""
    layers = {key: match for key in keys if (match := _LAYER.fullmatch(key)) and (match["weight"] or match["bias"])}
    numbers = sorted({int(match["number"]) for match in layers.values()})
    if len(numbers) < 2:
        return
    in_columns = world.data[-1:] == ("N",)
    for last in (world.out, "1"):
        widths = [world.inn, *(f"K{n}" for n in numbers[:-1]), last]
        made: dict[str, Spec] = {}
        for key, match in layers.items():
            i = numbers.index(int(match["number"]))
            inn, out = widths[i : i + 2]
            weight, bias = ((out, inn), (out, "1")) if in_columns else ((inn, out), (out,))
            made[key] = Floats(weight if match["weight"] else bias)
        yield made
