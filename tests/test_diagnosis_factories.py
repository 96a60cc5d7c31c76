"""Functions that a factory makes share their code: the diagnosis reads those that run, not some made before."""

import numpy as np

from gradcheck import check

rng = np.random.default_rng(5)
X = rng.normal(size=(6, 4))


def dense(W):
    """A tanh layer; its slope is that of another activation."""

    def forward(x):
        y = np.tanh(x @ W)
        return y, y

    def backward(dout, y):
        return (dout * (1 - y)) @ W.T

    return forward, backward


def assert_is_read(report):
    assert "`return dout * (1 - y) @ W.T` (line 19 of backward)" in " ".join(report.diagnoses[0].message.split())
    assert "dout * (1 - y ** 2) @ W.T" in report.diagnoses[0].remedy


def test_the_function_that_runs_is_found_among_others_of_its_factory():
    made = [dense(rng.normal(size=(4, 3))) for _ in range(4)]
    for forward, backward in made:
        assert_is_read(check(forward, X, backward=backward))


def chain(layers):
    """Several layers as one."""

    def forward(x):
        caches = []
        for run, _ in layers:
            x, cache = run(x)
            caches.append(cache)
        return x, caches

    def backward(dout, caches):
        for (_, back), cache in zip(reversed(layers), reversed(caches), strict=True):
            dout = back(dout, cache)
        return dout

    return forward, backward


def test_what_a_factory_made_twice_is_put_right_in_both_and_left_as_it_was():
    layers = [dense(rng.normal(size=(4, 4))) for _ in range(2)]
    before = [back.__code__ for _, back in layers]
    forward, backward = chain(layers)
    assert_is_read(check(forward, X, backward=backward))
    assert [back.__code__ for _, back in layers] == before
    assert before[0] is before[1]


def counting(W):
    """A layer whose backward counts its runs, outside of itself."""
    runs = 0

    def backward(dout, y):
        nonlocal runs
        runs += 1
        return (dout * (1 - y)) @ W.T

    return dense(W)[0], backward


def test_a_variable_that_is_bound_anew_on_the_way_hides_nothing():
    made = [counting(rng.normal(size=(4, 3))) for _ in range(4)]
    for forward, backward in made:
        report = check(forward, X, backward=backward)
        assert "dout * (1 - y ** 2) @ W.T" in report.diagnoses[0].remedy


def remembering(W):
    """A forward that makes its backward: another one each time, of one code."""

    def run(x):
        y = np.tanh(x @ W)

        def back(dout):
            return (dout * (1 - y)) @ W.T

        return y, back

    def forward(x):
        return run(x)

    def backward(dout, back):
        return back(dout)

    return forward, backward


def test_what_each_forward_makes_for_itself_is_read_as_well():
    made = [remembering(rng.normal(size=(4, 3))) for _ in range(4)]
    for forward, backward in made:
        report = check(forward, X, backward=backward)
        assert "dout * (1 - y ** 2) @ W.T" in report.diagnoses[0].remedy
