"""What well-known exercises are given: ratings by users, words by number, queries and keys, a function and its slope.

As in :mod:`~gradcheck.checking.modules.vocabulary`, a function says what an argument of such a name stands for.
"""

import re
from collections.abc import Callable

from gradcheck.checking.modules.argument import Argument
from gradcheck.checking.modules.source import Source
from gradcheck.checking.modules.specs import Fixed, Floats, Length, Spec
from gradcheck.checking.modules.worlds import World

Guess = Callable[[Argument, World, Source], list[Spec]]

USERS = re.compile(r"(n|num|no)_?users|nu", re.I)
WORDS = {"<NULL>": 0, "<START>": 1, "<END>": 2} | {f"word{i}": i for i in range(3, 9)}  # as many as the axis V is long
SLOPE = re.compile(
    r"(\w*_)?(activation|act|func|function|fn|f|g|nonlin\w*)\w*?_?(prime|deriv\w*|grad\w*|d|dx)"
    r"|d_?(activation|act|func|fn|f)\w*"
)


def rated(argument: Argument, world: World, source: Source) -> list[Spec]:
    """Ratings of items by users, or which there are, where their numbers are arguments too."""
    if any(map(USERS.fullmatch, argument.beside)):
        return [Floats(("I", "U"), "binary" if argument.plain == "r" else "signed")]
    return [Floats(world.data), Floats(world.output), Length(world.inn), Fixed(0.5), Fixed(2)]


def attended(otherwise: Guess) -> Guess:
    """Queries and keys of an attention; a lone k is something else."""

    def guess(argument: Argument, world: World, source: Source) -> list[Spec]:
        alone = argument.plain == "k" and "v" not in map(str.lower, argument.beside)
        return otherwise(argument, world, source) if alone else [Floats(("N", "T", "D"))]

    return guess


def applied(size: Guess, word: Guess) -> Guess:
    """What is applied, where its derivative is an argument beside it; else it may be a size, or a name."""
    from gradcheck.checking.conventions.layers.stand_ins import tanh

    def guess(argument: Argument, world: World, source: Source) -> list[Spec]:
        if argument.made and any(SLOPE.fullmatch(other.strip("_").lower()) for other in argument.beside):
            return [Fixed(tanh)]
        return (size if argument.plain == "f" else word)(argument, world, source)

    return guess


def slope_of(argument: Argument, world: World, source: Source) -> list[Spec]:
    """The derivative of what is applied."""
    from gradcheck.checking.conventions.layers.stand_ins import tanh_prime

    return [Fixed(tanh_prime)]
