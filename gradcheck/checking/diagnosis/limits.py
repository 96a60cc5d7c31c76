"""A share of the evaluations that are left, for one part of the work."""

from collections.abc import Iterator
from contextlib import contextmanager

from gradcheck.checking.subject import Runner


@contextmanager
def at_most(runner: Runner, evaluations: int) -> Iterator[None]:
    """While this lasts, the runner runs no more than so many, nor more than it was allowed before."""
    before, runner.limit = runner.limit, min(runner.limit, runner.evaluations + evaluations)
    try:
        yield
    finally:
        runner.limit = before
