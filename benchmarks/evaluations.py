"""How many forward evaluations does a check take? Exact numbers: they depend on no machine.

Columns: the entries of the tensor; what ordinary differencing costs, two evaluations an entry; what `check` reports
in its first pass and with ``exhaustive=True``, everything included (conduct, noise, proofs); and the limits that
tests/test_evaluation_counts.py holds it to.

    python benchmarks/evaluations.py
"""

import argparse
import sys

from cases import Case, evaluation_cases

HEADER = "| case | entries | differencing | first pass | limit | exhaustive | limit |\n|:--|--:|--:|--:|--:|--:|--:|"


def row(case: Case) -> tuple[str, bool]:
    """A line of the table, and whether verdict and limits hold."""
    cells, good = [], True
    for exhaustive, limit in ((False, case.first_limit), (True, case.exhaustive_limit)):
        if limit is None:
            cells += ["", ""]
            continue
        report = case.run(exhaustive)
        good &= case.told_right(report) and report.evaluations <= limit
        mark = "" if case.told_right(report) else f" ({report.verdict}!)"
        cells += [f"{report.evaluations:,}{mark}", f"{limit:,}"]
    return f"| {case.name} | {case.entries:,} | {2 * case.entries:,} | {' | '.join(cells)} |", good


def main() -> int:
    """Print the table; the exit code says whether every limit holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=0, help="of the inputs")
    arguments = parser.parse_args()
    print(HEADER)
    rows = []
    for case in evaluation_cases(arguments.seed):
        rows.append(row(case))
        print(rows[-1][0], flush=True)
    return 0 if all(good for _, good in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
