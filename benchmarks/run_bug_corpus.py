"""Of wrong backwards whose mistake is known: how many are noticed, how many explained; and are right ones left alone?

    python benchmarks/run_bug_corpus.py                      # ours, 20 seeds
    python benchmarks/run_bug_corpus.py --seeds 1 --verbose  # with every miss by name
    python benchmarks/run_bug_corpus.py --only softmax --verbose
    python benchmarks/run_bug_corpus.py --tool all --seeds 1 # and the other checkers that are installed

Other checkers get the same cases by a mechanical translation: the forward as a function of its floats, the pair as a
custom derivative that calls NumPy (benchmarks/peers.py). An exception counts as noticed, as a test would fail.
"""

import argparse
import os
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is imported

import numpy as np
from bug_corpus import RIGHT, WRONG, Case
from peers import FAST, SLOW, Array, Pair, Peer, installed

from gradcheck import Report

CONFIDENT = 0.99
"""From this share explained a diagnosis is printed as the cause."""


@dataclass(frozen=True)
class Outcome:
    """What a tool made of a case: whether it objected, and what it named as the cause."""

    case: Case
    seed: int
    noticed: bool
    undecided: bool = False
    named: str = ""  # the first diagnosis, where there is one
    tensor: str = ""
    explains: float = 0.0
    elsewhere: bool = False  # named of a tensor that is not among the wrong ones
    crashed: str = ""
    evaluations: int = 0

    @property
    def judgement(self) -> str:
        """One word on it, as in the lists of ``--verbose``."""
        if self.crashed:
            return "crashed"
        if not self.case.wrong:
            return (
                "right, but failed" if self.noticed else "right, but diagnosed" if self.named else "right, and passed"
            )
        if not self.noticed:
            return "not noticed"
        if not self.named:
            return "no cause named"
        word = "cause right" if self.is_right else "cause wrong"
        return word if self.explains >= CONFIDENT else f"{word}, but not sure"

    @property
    def is_right(self) -> bool:
        """Whether the cause is one of the labels, and the tensor one of the wrong ones."""
        labels = [set(cause.split("+")) for cause in self.case.causes]
        return set(self.named.split("+")) in labels and not self.elsewhere

    def _judgement_of_right(self) -> str:
        if self.noticed:
            return "right, but failed"
        if self.named:
            return "right, but diagnosed"
        return "right, but undecided" if self.undecided else "right, and passed"

    def line(self) -> str:
        """For the list of misses."""
        named = f"  named {self.named} of {self.tensor} ({self.explains:.2%})" if self.named else ""
        label = f"  [{', '.join(self.case.causes) or 'none'}]" if self.case.wrong else ""
        return f"    seed {self.seed}  {self.case.name}{label}{named}{self.crashed}"


def ours(case: Case, seed: int) -> Outcome:
    """The report of `check`, and its first diagnosis."""
    try:
        report: Report = case.check(seed)
    except Exception as problem:
        return Outcome(case, seed, True, crashed=f"  {type(problem).__name__}: {problem}")
    first = report.diagnoses[0] if report.diagnoses else None
    verdict = report.verdict == "disagree", report.verdict == "undecided"
    if first is None:
        return Outcome(case, seed, *verdict, evaluations=report.evaluations)
    wrong = case.wrong_tensors(seed) if case.wrong else []
    of_gradient = not first.cause.startswith(("mutates", "ties"))  # said of the array changed, of all that tie
    elsewhere = of_gradient and bool(wrong) and not any(name in first.tensor for name in wrong)
    named = first.cause, first.tensor, first.explains
    return Outcome(case, seed, *verdict, *named, elsewhere, evaluations=report.evaluations)


def by_peer(peer: Peer) -> Callable[[Case, int], Outcome]:
    """What another checker makes of the case."""

    def judge(case: Case, seed: int) -> Outcome:
        try:
            return Outcome(case, seed, not peer(*case.as_pair(case.draw(seed))))
        except Exception:
            return Outcome(case, seed, True)

    return judge


def relative_error(threshold: float) -> Peer:
    """CS231n: differences with h = 1e-5, and the largest ``|a − n| / max(1e-8, |a| + |n|)`` below a threshold."""

    def accepts(forward: Pair, backward: Pair, inputs: list[Array]) -> bool:
        out, cache = forward(*inputs)
        df = np.random.default_rng(0).normal(size=np.shape(out))
        claimed = backward(df.copy(), cache)
        for x, dx in zip(inputs, claimed, strict=True):
            numerical = differences(lambda: forward(*inputs)[0], x, df)
            error = np.abs(dx - numerical) / np.maximum(1e-8, np.abs(dx) + np.abs(numerical))
            if not np.max(error, initial=0) < threshold:
                return False
        return True

    return accepts


def differences(f: Callable[[], Array], x: Array, df: Array, h: float = 1e-5) -> Array:
    """Central differences over every entry, which is changed in place and put back."""
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        old = x[i].copy()
        x[i] = old + h
        above = np.array(f())
        x[i] = old - h
        below = np.array(f())
        x[i] = old
        gradient[i] = np.sum((above - below) * df) / (2 * h)
    return gradient


def tools() -> dict[str, Callable[[Case, int], Outcome]]:
    """Every tool that is installed, ours first."""
    names = ["torch gradcheck, slow", "torch gradcheck, fast", "JAX check_grads", "autograd check_grads"]
    peers = installed({name: (FAST | SLOW)[name] for name in names})
    for name in names:
        if name not in peers:
            print(f"{name}: not installed, left out\n")
    peers |= {f"CS231n relative error, {t:g}": relative_error(t) for t in (1e-7, 1e-4)}
    return {"ours": ours, **{name: by_peer(peer) for name, peer in peers.items()}}


def run(judge: Callable[[Case, int], Outcome], cases: Iterable[Case], seeds: Sequence[int]) -> list[Outcome]:
    """Every case with every seed; what a tool prints as warnings is no result."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return [judge(case, seed) for case in cases for seed in seeds]


def row(name: str, outcomes: list[Outcome], seconds: float) -> str:
    """One line of the table."""
    counts = Counter(outcome.judgement for outcome in outcomes)
    wrong = [o for o in outcomes if o.case.wrong]
    labelled = [o for o in wrong if o.case.causes]
    right = [o for o in outcomes if not o.case.wrong]
    noticed, failed = (sum(o.noticed for o in these) for these in (wrong, right))
    undecided = sum(o.undecided for o in outcomes)
    named, mistaken = counts["cause right"], counts["cause wrong"] + counts["right, but diagnosed"]
    return (
        f"| {name} | {share(noticed, len(wrong))} | {share(failed, len(right))} | {undecided or ''} "
        f"| {share(named, len(labelled))} | {share(mistaken, len(outcomes))} | {seconds:.0f} s |"
    )


def share(count: int, total: int) -> str:
    """A count and its share."""
    return f"{count:,} of {total:,} ({count / total:.1%})" if total else "–"


GOOD = ("cause right", "right, and passed")


def print_misses(outcomes: list[Outcome], own: bool) -> None:
    """Every case that is not as it should be, by what happened to it; of many seeds the first, with their number."""
    bad: dict[str, dict[str, list[Outcome]]] = {}
    for o in outcomes:
        if o.judgement not in GOOD and (own or o.judgement != "no cause named"):
            bad.setdefault(o.judgement, {}).setdefault(o.case.name, []).append(o)
    for judgement, cases in sorted(bad.items()):
        print(f"  {judgement}: {len(cases)} cases")
        for seen in cases.values():
            print(seen[0].line() + (f"  and {len(seen) - 1} more seeds" if len(seen) > 1 else ""))


def print_dearest(outcomes: list[Outcome], count: int = 5) -> None:
    """The cases that took most evaluations of the forward."""
    print("  most evaluations")
    for o in sorted(outcomes, key=lambda o: -o.evaluations)[:count]:
        print(f"    seed {o.seed}  {o.case.name}  {o.evaluations:,}")


def print_causes(outcomes: list[Outcome]) -> None:
    """For each label: how many, noticed, and named right."""
    print("\n| cause | cases × seeds | noticed | named right |\n|:--|--:|--:|--:|")
    for cause in sorted({c for o in outcomes for c in o.case.causes[:1]}):
        these = [o for o in outcomes if o.case.causes[:1] == (cause,)]
        named = sum(o.judgement == "cause right" for o in these)
        print(f"| {cause} | {len(these)} | {sum(o.noticed for o in these)} | {named} |")


def main() -> int:
    """Print the table; 1 if ours missed a wrong one or failed a right one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--only", default="", help="cases whose name, family or cause contains this")
    parser.add_argument("--tool", default="ours", help="ours, all, or part of a tool's name")
    parser.add_argument("--verbose", action="store_true", help="every miss by name")
    parser.add_argument("--causes", action="store_true", help="our figures for each cause")
    arguments = parser.parse_args()
    cases = [
        c for c in [*WRONG, *RIGHT]
        if arguments.only in c.name or arguments.only in c.causes or arguments.only == c.layer.family
    ]  # fmt: skip
    chosen = {k: v for k, v in tools().items() if arguments.tool == "all" or arguments.tool in k}
    wrong, layers = sum(c.wrong for c in cases), len({c.layer.name for c in cases})
    print(f"{wrong} wrong and {len(cases) - wrong} right backwards of {layers} layers and losses,")
    print(f"with {arguments.seeds} seeds each\n")
    print(
        "| tool | wrong ones noticed | right ones failed | undecided | cause named right | wrong cause, sure | took |"
    )
    print("|:--|--:|--:|--:|--:|--:|--:|")
    missed = False
    for name, judge in chosen.items():
        start = time.perf_counter()
        outcomes = run(judge, cases, range(arguments.first, arguments.first + arguments.seeds))
        print(row(name, outcomes, time.perf_counter() - start), flush=True)
        if arguments.verbose:
            print_misses(outcomes, own=name == "ours")
        if name == "ours":
            if arguments.verbose:
                print_dearest(outcomes)
            missed = any(o.case.wrong != o.noticed or o.crashed for o in outcomes)
            if arguments.causes:
                print_causes(outcomes)
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
