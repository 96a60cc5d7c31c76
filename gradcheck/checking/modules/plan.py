"""A guess at everything a candidate wants: what its constructor is given, what forward is called with."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.checking.conventions.layers.awaiting import PREPARERS
from gradcheck.checking.modules.argument import Argument, arguments
from gradcheck.checking.modules.customs import run_of
from gradcheck.checking.modules.discovery import Candidate
from gradcheck.checking.modules.guesses import guesses, is_large, passed
from gradcheck.checking.modules.importing import ModuleError
from gradcheck.checking.modules.sizes import USUAL, Sizes
from gradcheck.checking.modules.source import Source
from gradcheck.checking.modules.specs import Entries, Fixed, Floats, Leave, Spec, axes_of
from gradcheck.checking.modules.targets import (
    is_prediction,
    is_target,
    prediction_domains,
    sorted_targets,
    targets_of_output,
    wanted_targets,
)
from gradcheck.checking.modules.worlds import (
    COLUMNS,
    COLUMNS_IN_TURN,
    IMAGES,
    ONE_COLUMN,
    SEQUENTIAL,
    SINGLES,
    World,
    likely_worlds,
)

Key = tuple[str, str]  # ("made" or "passed" or "prepared", name)


_ONE_COLUMN = re.compile(r"(randn?|zeros|ones|empty|normal|uniform|random)\([^()\n]*\(?[\w.\[\]]+, ?1\)")
_OVER_SAMPLES = re.compile(r"axis|keepdims|shape\[|\blen\(|mean\(|(?<!np)\.sum\(|einsum|/ ?m\b|batch")


@dataclass(frozen=True)
class Plan:
    """A guess at every argument, in one layout.

    Attributes
    ----------
    specs : dict
        What each argument is, by where it goes and its name.
    options : dict
        What else it may be.
    sizes : Sizes
        How long the axes are.
    prepared : bool
        Whether the methods that set up weights are called before forward.
    """

    world: World
    specs: Mapping[Key, Spec]
    options: Mapping[Key, list[Spec]]
    sizes: Sizes
    order: tuple[Argument, ...] = ()
    prepared: bool = False

    def with_spec(self, key: Key, spec: Spec) -> "Plan":
        """The same with another guess at one argument."""
        return replace(self, specs={**self.specs, key: spec})

    def used(self) -> list[str]:
        """The axes in use, those of the inputs first."""
        keys = sorted(self.specs, key=lambda key: key[0] != "passed")
        return list(dict.fromkeys(axis for key in keys for axis in axes_of(self.specs[key])))

    def values(self, place: str, seed: int) -> dict[str, Any]:
        """What is passed, by name; an argument's numbers do not depend on the other arguments."""
        return {
            name: spec.make(self.sizes, np.random.default_rng([seed, *name.encode()]))
            for (where, name), spec in self.specs.items()
            if where == place and not isinstance(spec, Leave)
        }


def plans(candidate: Candidate, given: Any = None) -> Iterator[Plan]:
    """A plan for each layout, the likeliest first; what is `given`, inputs in order or by name, is not guessed."""
    run = forward_of(candidate)
    made = list(arguments(candidate.thing, made=True)) if _has_constructor(candidate) else []
    wanted = list(wanted_targets(_backward_of(candidate), run))
    given_inputs = [*_inputs(run), *wanted]
    first = given_inputs[0].name
    for world, as_left in _layouts(candidate, first, made):
        options: dict[Key, list[Spec]] = {}
        for argument in made:
            options["made", argument.name] = guesses(argument, world, candidate.source)
        for argument in given_inputs:
            fits = targets_of_output(world) if argument in wanted else _fitting(argument, candidate, world)
            options["passed", argument.name] = fits
        if first == "x0" and not list(arguments(run, made=False)):
            options["passed", "x1"] = [*options["passed", "x1"], Leave()]
        for name in preparers(candidate.thing) if candidate.made else []:
            for argument in arguments(_unbound(candidate.thing, name), made=True):
                options["prepared", f"{name}.{argument.name}"] = guesses(argument, world, candidate.source)
        if as_left:
            options |= {key: [Leave()] for key, specs in options.items() if key[0] == "made" and Leave() in specs}
            options["passed", first] = [Floats(axes) for axes in _default_images(made)] + options["passed", first]
        options = {key: specs for key, specs in options.items() if specs} | _as_given(given, made, given_inputs)
        specs = {key: found[0] for key, found in options.items()}
        yield Plan(world, specs, options, Sizes(USUAL | world.lengths), tuple(given_inputs))


def _layouts(candidate: Candidate, first: str, made: list[Argument]) -> Iterator[tuple[World, bool]]:
    """The worlds; after those of images the same with the sizes that a constructor has by default."""
    worlds = likely_worlds(candidate.name, candidate.source, first)
    if takes_columns_in_turn(candidate, first):
        worlds.insert(0, COLUMNS_IN_TURN)
    elif takes_one_sample(candidate):
        worlds.insert(min(worlds.index(COLUMNS) + 1, worlds.index(SINGLES)), ONE_COLUMN)
    images = [world for world in worlds if world.name == IMAGES.name] if _default_images(made) else []
    sized = images and not any(is_large(argument.default) for argument in made if isinstance(argument.default, tuple))
    for world in worlds:
        if sized and world == images[0]:
            yield world, True
        yield world, False
        if images and not sized and world == images[-1]:
            yield world, True


def takes_columns_in_turn(candidate: Candidate, first: str) -> bool:
    """Whether it is a recurrent layer that is given one column after another: ``for x in inputs``."""
    if candidate.kind != "layer" or not SEQUENTIAL.search(candidate.name):
        return False
    run = Source.of([getattr(candidate.thing, candidate.methods[0])]).text
    in_turn = re.search(rf"\bin (enumerate\(\s*)?(self\.)?{re.escape(first)}\b", run)
    return bool(in_turn and _ONE_COLUMN.search(candidate.source.text))


def takes_one_sample(candidate: Candidate) -> bool:
    """Whether a layer is written for one sample in a column: shapes end in 1, and nothing adds up over samples.

    Of several samples its backward makes nothing that fits, which is no mistake of it.
    """
    if candidate.kind != "layer":
        return False
    module = Source.of([inspect.getmodule(candidate.thing)]).text
    methods = Source.of(getattr(candidate.thing, name) for name in candidate.methods).text
    return bool(_ONE_COLUMN.search(module)) and not _OVER_SAMPLES.search(methods)


def _default_images(made: list[Argument]) -> list[tuple[str, ...]]:
    """The axes of the input of a network whose constructor says ``input_dim=(1, 28, 28)``."""
    shapes = [a.default for a in made if isinstance(a.default, tuple) and re.search("in.*(dim|shape|size)", a.plain)]
    return [("N", *map(str, s)) for s in shapes if len(s) == 3 and all(isinstance(length, int) for length in s)]


def _as_given(given: Any, made: list[Argument], passed_on: list[Argument]) -> dict[Key, list[Spec]]:
    """What the user gave, by where it goes.

    Raises
    ------
    ModuleError
        If a name is neither an argument of the constructor nor of forward, or there are more inputs than those.
    """
    if given is None:
        return {}
    inputs = [argument.name for argument in passed_on]
    if isinstance(given, tuple):
        if len(given) > len(inputs):
            raise ModuleError(f"the case has {len(given)} inputs, but forward takes {', '.join(inputs)}")
        return {("passed", name): [Fixed(value)] for name, value in zip(inputs, given, strict=False)}
    constructor = [argument.name for argument in made]
    for name in given:
        if name not in (*constructor, *inputs):
            raise ModuleError(f"the case has {name!r}, but the arguments are {', '.join([*constructor, *inputs])}")
    return {("made" if name in constructor else "passed", name): [Fixed(value)] for name, value in given.items()}


def _fitting(argument: Argument, candidate: Candidate, world: World) -> list[Spec]:
    """The options for an input of forward; predictions and targets in the order their loss speaks for."""
    found = passed(argument, world, candidate.source)
    if is_target(argument.name, argument.beside, candidate.source):
        return sorted_targets(found, candidate.name, candidate.source)
    opposite = any(is_target(other, (argument.name,), candidate.source) for other in argument.beside)
    if opposite and is_prediction(argument.name) and argument.required:
        first = found[0] if isinstance(found[0], Floats) else Floats(world.data)
        domains: list[Any] = prediction_domains(candidate.source, candidate.name)
        return [replace(first, domain=domain) for domain in domains] + [spec for spec in found if spec != first]
    return found


def forward_of(candidate: Candidate) -> Callable[..., Any]:
    """The function that is called with the inputs, without self."""
    if not candidate.made:
        return run_of(candidate.thing) if candidate.kind == "custom" else candidate.thing
    return _unbound(candidate.thing, candidate.methods[0])


def _backward_of(candidate: Candidate) -> Callable[..., Any] | None:
    """The function or method that may want targets beside what forward takes."""
    if candidate.kind == "layer":
        return _unbound(candidate.thing, candidate.methods[1])
    return candidate.backward if candidate.kind == "pair" else None


def _unbound(cls: type, name: str) -> Callable[..., Any]:
    """A method as it is called on an instance: without self."""
    method: Any = inspect.getattr_static(cls, name)
    if isinstance(method, staticmethod):
        return method.__func__
    if isinstance(method, classmethod):
        return getattr(cls, name)  # type: ignore[no-any-return]
    function: Any = getattr(cls, name)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return function  # type: ignore[no-any-return]
    without = list(signature.parameters.values())[1:]

    def bare() -> None: ...

    bare.__signature__ = signature.replace(parameters=without)  # type: ignore[attr-defined]
    bare.__name__ = name
    return bare


def _inputs(run: Callable[..., Any]) -> list[Argument]:
    """The arguments of forward; two inputs where a star catches them all."""
    found = list(arguments(run, made=False))
    return found or [Argument("x0", made=False), Argument("x1", made=False)]


def _has_constructor(candidate: Candidate) -> bool:
    return candidate.made and candidate.thing.__init__ is not object.__init__


def preparers(cls: type) -> list[str]:
    """The methods by which weights are set up after the constructor, in the order in which they are called."""
    return [name for name in PREPARERS if callable(getattr(cls, name, None)) and not hasattr(object, name)]


def alternatives(plan: Plan, places: tuple[str, ...]) -> Iterator[tuple[Key, Plan]]:
    """The same plan with another guess at one argument, before that at all that are guessed alike: gamma and beta."""
    for key, options in plan.options.items():
        if key[0] not in places:
            continue
        twins = [other for other, those in plan.options.items() if those == options and other[0] == key[0]]
        for spec in options:
            if spec != plan.specs[key]:
                if len(twins) > 1:
                    yield key, replace(plan, specs={**plan.specs, **dict.fromkeys(twins, spec)})
                yield key, plan.with_spec(key, spec)


def settings_of(plan: Plan) -> dict[Key, Any]:
    """The fixed values of a plan; of a dictionary, entry by entry, called ``dictionary.key``."""
    found: dict[Key, Any] = {}
    for (place, name), spec in plan.specs.items():
        if isinstance(spec, Fixed):
            found[place, name] = spec.value
        elif isinstance(spec, Entries):
            found |= {(place, f"{name}.{key}"): s.value for key, s in spec.specs.items() if isinstance(s, Fixed)}
    return found


def with_setting(plan: Plan, key: Key, value: Any) -> Plan:
    """The plan with a fixed value replaced."""
    place, name = key
    outer, _, inner = name.partition(".")
    spec = plan.specs.get((place, outer))
    if inner and isinstance(spec, Entries):
        return plan.with_spec((place, outer), Entries({**spec.specs, inner: Fixed(value)}))
    return plan.with_spec(key, Fixed(value))
