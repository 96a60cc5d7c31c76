"""How the backward of an object is called: which of its arguments is the cotangent, an input, a learning rate.

Names tell; where they are silent or could mean two things, every plan that fits is written down, the likeliest first.
"""

import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.checking.conventions.common import roles
from gradcheck.checking.conventions.common.arguments import is_variable, parameters_of

RATE = 1.0
"""The learning rate given to a backward that wants one; its step then is the gradient itself."""


@dataclass(frozen=True)
class Plan:
    """The role of each argument: ``dout``, ``out``, ``cache``, ``rate``, or an input by its name in brackets.

    ``douts`` is a list of the cotangents of all outputs.
    What forward left in an attribute is ``self.`` with its name.
    """

    roles: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def takes_cotangent(self) -> bool:
        """Whether an upstream gradient is among the arguments."""
        return "dout" in self.roles or "douts" in self.roles

    @property
    def takes_rate(self) -> bool:
        """Whether it takes a step as well."""
        return "rate" in self.roles

    @property
    def kept(self) -> str:
        """The attribute that is handed back to backward; empty where there is none."""
        return next((role.removeprefix("self.") for role in self.roles if role.startswith("self.")), "")

    @property
    def text(self) -> str:
        """The call in words, where it is not the usual one; else empty."""
        if set(self.roles) <= {"dout"}:
            return ""
        said = [f"learning_rate={RATE:g}" if role == "rate" else role.strip("[]") for role in self.roles]
        return f"backward({', '.join(said)})"

    def split(self, returned: Any) -> tuple[Any, Sequence[Any]]:
        """What forward returned as the outputs proper, and what of it is handed back to backward: the last of several.

        Examples
        --------
        >>> Plan(("dout", "cache"), ("dout", "cache")).split(("out", "kept"))
        ('out', ('kept',))
        """
        cotangents, kept = self.roles.count("dout"), self.roles.count("cache")
        if not kept or not isinstance(returned, tuple) or len(returned) not in (1 + kept, cotangents + kept):
            return returned, ()
        return returned[0] if len(returned) == 1 + kept else returned[:-kept], returned[-kept:]

    def arguments(
        self,
        cotangents: Sequence[Any],
        inputs: Mapping[str, Any],
        outputs: Sequence[Any],
        caches: Sequence[Any],
        kept: Any = None,
    ) -> list[Any]:
        """The arguments, in order."""
        known = {"rate": itertools.repeat(RATE), "cache": itertools.chain(caches, itertools.repeat(None))}
        known |= {f"self.{self.kept}": itertools.repeat(kept)}
        values = {"dout": iter(cotangents), "douts": iter([list(cotangents)]), "out": iter(outputs), **known}
        return [inputs[role[1:-1]] if role.startswith("[") else next(values[role]) for role in self.roles]


def plans(
    back: Callable[..., Any], inputs: Mapping[str, Any], is_backward: bool, outputs: int = 1, kept: str = ""
) -> list[Plan]:
    """Every way to call it that fits; the first needs nothing to be guessed if it is the only one.

    `kept` is the attribute in which forward leaves what it computed, a loss the probabilities it is made of.
    """
    names = _wanted(back, is_backward, outputs)
    told = [_told(name, inputs, is_backward) for name in names]
    choices = [_filled(told, inputs, "dout" if is_backward else "", outputs)]
    cotangents = choices[0].count("dout")
    floats = [f"[{name}]" for name, value in inputs.items() if is_variable(value)]
    unsure = [i for i, role in enumerate(choices[0]) if not role]
    if unsure:
        choices = [_with(choices[0], i, role) for i in unsure[:1] for role in (*floats, "out", "cache")]
        choices += [_with(choice, _index(choice, "dout"), choice[unsure[0]], unsure[0]) for choice in choices]
    elif is_backward and cotangents == 0 and names:
        choices += [_with(choices[0], i, "dout") for i, role in enumerate(choices[0]) if role.startswith("[")]
    elif is_backward and cotangents == 1 == outputs and floats:
        target = any(role.startswith("[") and roles.is_target(role[1:-1]) for role in choices[0])
        prediction = f"[{roles.predicted(inputs)}]"
        if target and prediction not in choices[0]:
            instead = (prediction, *([f"self.{kept}"] if kept else []))
            choices += [_with(choices[0], choices[0].index("dout"), role) for role in instead]
    if is_backward and outputs > 1:
        choices = _of_several(choices, dict(zip(names, told, strict=True)), inputs, outputs)
    return [Plan(tuple(choice), tuple(names)) for choice in choices if all(choice)]


def _wanted(back: Callable[..., Any], is_backward: bool, outputs: int) -> list[str]:
    """The arguments to give: those it insists on, a learning rate, cotangents and caches with a default."""
    by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    given = [p for p in parameters_of(back) if p.kind in by_position]
    wanted = [p.name for i, p in enumerate(given) if p.default is p.empty or (i == 0 and is_backward and _is_dout(p))]
    spare = [p.name for p in given if p.name not in wanted and p.default is None]
    spare = [name for name in spare if roles.is_cotangent(name) or roles.is_cache(name)]
    wanted += spare[: max(0, outputs - len(wanted))] if is_backward else []
    if is_backward and not given and any(p.kind is p.VAR_POSITIONAL for p in parameters_of(back)):
        return ["dout"] * outputs
    return wanted + [p.name for p in given if p.name not in wanted and roles.is_rate(p.name)]


def _is_dout(parameter: inspect.Parameter) -> bool:
    """Whether a first argument with a default can be the cotangent: ``dout=1``; no switch, no learning rate."""
    return not isinstance(parameter.default, bool | str) and not roles.is_rate(parameter.name)


def _told(name: str, inputs: Mapping[str, Any], is_backward: bool) -> str:
    """What the name of an argument says it is; empty, where it says nothing."""
    floats = [f"[{key}]" for key, value in inputs.items() if is_variable(value)]
    targets = [f"[{key}]" for key in inputs if roles.is_target(key)]
    says = (
        (name in inputs, f"[{name}]"),
        (roles.is_rate(name), "rate"),
        (roles.is_cache(name), "cache"),
        (is_backward and roles.is_cotangent(name), "dout"),
        (roles.is_target(name) and bool(targets), "".join(targets[:1])),
        (len(floats) == 1 and (roles.is_input(name) or not is_backward), "".join(floats[:1])),
    )
    return next((role for holds, role in says if holds), "")


def _filled(told: list[str], inputs: Mapping[str, Any], first: str, outputs: int) -> list[str]:
    """Without cotangents by name, the first arguments of which nothing is known are; else inputs in their order."""
    if not first:
        spare = iter(f"[{name}]" for name in inputs if f"[{name}]" not in told)
        return [role or next(spare, "") for role in told]
    filled = list(told)
    missing = outputs - told.count("dout") if "dout" not in told or outputs > 1 else 0
    for i in [i for i, role in enumerate(told) if not role][: max(0, missing)]:
        filled[i] = first
    return filled


def _of_several(
    choices: list[list[str]], told: dict[str, str], inputs: Mapping[str, Any], outputs: int
) -> list[list[str]]:
    """Of several things that forward returned, some may be no outputs but kept for backward: ``backward(dout, mask)``.

    Likely so after an argument that is called a cotangent. Where none is, all of them may be; and one argument whose
    name is no singular may be a list of cotangents.
    """
    named, rest = "dout" in told.values(), [name for name, role in told.items() if role != "rate"]
    if len(rest) == 1:
        several = not named or rest[0].endswith("s")
        return [*choices, ["rate" if role == "rate" else "douts" for role in told.values()]] if several else choices
    complete = len(rest) == outputs
    first = next((name for name in rest if told[name] == "dout"), rest[0]) if rest else ""
    after = rest[rest.index(first) + 1 :] if rest else []
    kept = [name for name in after if told[name] != "dout" and (complete or not told[name])]
    found = choices
    if not all(name in inputs or told[name] == "cache" for name in kept):
        handed = ["dout" if n == first else "cache" if n in kept else r for n, r in zip(told, choices[0], strict=True)]
        found = [handed, *choices] if named else [*choices, handed]
    if not named and complete:
        found = [*found, ["rate" if role == "rate" else "dout" for role in told.values()]]
    return found


def _with(choice: list[str], i: int, role: str, j: int | None = None) -> list[str]:
    """One role replaced; with `j`, the old one moved there."""
    new = list(choice)
    if j is not None:
        new[j] = choice[i]
    new[i] = role
    return new


def _index(choice: list[str], role: str) -> int:
    return choice.index(role) if role in choice else 0
