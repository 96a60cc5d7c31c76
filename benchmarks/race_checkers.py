"""How long do gradient checkers take for the same layers, and what do they notice of twenty planted errors?

Every tool checks the same NumPy pair (benchmarks/peers.py says how). Times are CPU seconds, so that other programs do
not count, with one thread for linear algebra. Fast tools run several times, taking turns, and the median counts; those
that difference every entry run once.

    python benchmarks/race_checkers.py                # minutes: most of it torch's slow mode on 8,192 entries
    python benchmarks/race_checkers.py --only-errors  # seconds: the table of planted errors alone
"""

import argparse
import os
import time
import warnings
from collections.abc import Iterable
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is imported

from peers import FAST, SLOW, Peer, installed
from planted_errors import Raced, planted, raced_layers

OURS = "gradcheck"


def seconds(peer: Peer, layer: Raced) -> float:
    """For one check, which must accept the layer."""
    start = time.process_time()
    accepted = peer(layer.forward, layer.backward, layer.inputs)
    elapsed = time.process_time() - start
    return elapsed if accepted else -elapsed


def race(layer: Raced, peers: dict[str, Peer], repeats: int) -> dict[str, float]:
    """The median time of each peer, taking turns; negative where the right gradient was refused."""
    for peer in peers.values() if repeats > 1 else ():
        seconds(peer, layer)  # imports and caches
    rounds = [{name: seconds(peer, layer) for name, peer in peers.items()} for _ in range(repeats)]
    return {name: median(times[name] for times in rounds) for name in peers}


def notices(peer: Peer, layer: Raced) -> bool:
    """Whether a wrong layer is refused, or makes the tool stumble."""
    try:
        return not peer(layer.forward, layer.backward, layer.inputs)
    except Exception:
        return True


def print_times(layers: Iterable[Raced], fast: dict[str, Peer], slow: dict[str, Peer], repeats: int) -> None:
    """One line for each layer and tool: seconds, and how many times ours that is."""
    print("| layer | entries | tool | CPU seconds | times ours |\n|:--|--:|:--|--:|--:|")
    for layer in layers:
        times = race(layer, fast, repeats) | race(layer, slow, 1)
        for name, taken in times.items():
            refused = " (refused a right gradient)" if taken < 0 else ""
            ratio = abs(taken) / abs(times[OURS])
            print(
                f"| {layer.name} | {layer.entries:,} | {name}{refused} | {abs(taken):.4f} | {ratio:,.2f} |", flush=True
            )


def print_errors(fast: dict[str, Peer], slow: dict[str, Peer]) -> None:
    """What each tool notices: at small sizes by all, at the sizes raced by the fast ones."""
    peers = fast | slow
    print(f"| planted error | {' | '.join(peers)} |\n|:--|{':-:|' * len(peers)}")
    totals = dict.fromkeys(peers, 0)
    for (name, small), (_, large) in zip(planted(small=True), planted(small=False), strict=True):
        cells = []
        for who, peer in peers.items():
            noticed = [notices(peer, small)] + ([notices(peer, large)] if who in fast else [])
            totals[who] += all(noticed)
            cells.append(
                "yes" if all(noticed) else "small only" if noticed[0] else "large only" if any(noticed) else ""
            )
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    refused = [sum(notices(peer, layer) for layer in raced_layers(small=True).values()) for peer in peers.values()]
    print(f"| right layers refused, of 5 | {' | '.join(map(str, refused))} |")
    print(f"| **noticed at every size tried, of 20** | {' | '.join(map(str, totals.values()))} |")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="of the fast tools")
    parser.add_argument("--without-slow", action="store_true", help="leave out what differences every entry")
    parser.add_argument("--only-errors", action="store_true", help="no race")
    parser.add_argument("--layers", nargs="*", help="race these only")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # of the peers, about their own tolerances
    fast, slow = installed(FAST), {} if arguments.without_slow else installed(SLOW)
    missing = [name for name in FAST | SLOW if name not in installed(FAST | SLOW)]
    print(f"Not installed and left out: {', '.join(missing) or 'nothing'}.\n")
    print_errors(fast, slow)
    if not arguments.only_errors:
        print()
        chosen = [
            layer for layer in raced_layers(small=False).values() if layer.name in (arguments.layers or [layer.name])
        ]
        print_times(chosen, fast, slow, arguments.repeats)


if __name__ == "__main__":
    main()
