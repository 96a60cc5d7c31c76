"""Subjects with a memory are checked with no glue, and afterwards nothing has happened to them.

Every subject here draws random numbers, counts, caches or keeps running statistics. Its gradient is right, so the
check must agree; and `memory` must see the very same objects with the very same contents before and after.
"""

import collections
import functools
import random

import numpy as np
import pytest

from gradcheck import analytic, check

x = np.random.default_rng(11).normal(size=(5, 4))

GENERATOR = np.random.default_rng(3)
RANDOM_STATE = np.random.RandomState(3)
PYTHONS = random.Random(3)
COUNT = 0
SETTINGS = {"calls": 0, "seen": []}


def memory(thing, seen=None):
    """Everything reachable from `thing` as one comparable value: identities, contents, random states."""
    seen = {} if seen is None else seen
    if id(thing) in seen:
        return id(thing)
    seen[id(thing)] = thing
    inside = functools.partial(memory, seen=seen)
    match thing:
        case np.ndarray():
            contents = (thing.tobytes(), thing.shape, thing.strides, str(thing.dtype), thing.flags.writeable)
        case np.random.Generator():
            contents = repr(thing.bit_generator.state)
        case np.random.RandomState():
            contents = repr(
                [part if isinstance(part, str) else np.asarray(part).tolist() for part in thing.get_state()]
            )
        case random.Random():
            contents = thing.getstate()
        case dict():
            contents = [(key, inside(value)) for key, value in thing.items()]
        case list() | tuple() | collections.deque():
            contents = [inside(value) for value in thing]
        case set() | bytearray():
            contents = sorted(thing)
        case _:
            slots = [name for cls in type(thing).__mro__ for name in vars(cls).get("__slots__", ())]
            contents = [(name, inside(getattr(thing, name, None))) for name in slots]
            contents += [inside(vars(thing))] if hasattr(thing, "__dict__") and not isinstance(thing, type) else []
            contents += [thing] if isinstance(thing, int | float | str | None) else []
    return type(thing).__name__, id(thing), contents


def global_randomness():
    legacy = np.random.get_state()  # noqa: NPY002 - the caller's
    return legacy[0], legacy[1].tolist(), legacy[2:], random.getstate()


def everything(*things):
    return [memory(thing) for thing in things], global_randomness()


class Dropout:
    """Inverted dropout; `draw` gives uniform numbers."""

    def __init__(self, draw):
        self.draw = draw

    def forward(self, x):
        self.mask = (self.draw(x.shape) > 0.4) / 0.6
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


def numbers(draw, shape):
    return np.reshape([draw() for _ in range(int(np.prod(shape)))], shape)


def from_module_generator(shape):
    return GENERATOR.random(shape)


def from_a_default_argument(shape, rng=np.random.default_rng(4)):  # noqa: B008 - that is the point
    return rng.random(shape)


class Shared:
    rng = np.random.default_rng(8)


SOURCES = {
    "np.random": lambda shape: np.random.rand(*shape),  # noqa: NPY002 - that is the point
    "a held Generator": np.random.default_rng(1).random,
    "a held RandomState": np.random.RandomState(1).random_sample,
    "a held Random": functools.partial(numbers, random.Random(1).random),
    "Python's random": functools.partial(numbers, random.random),
    "a module's Generator": from_module_generator,
    "a module's RandomState": lambda shape: RANDOM_STATE.random_sample(shape) + 0.0,
    "a module's Random": lambda shape: numbers(PYTHONS.random, shape),
    "a partial": functools.partial(np.random.default_rng(1).uniform, 0, 1),
    "a default argument": from_a_default_argument,
    "another class's Generator": lambda shape: Shared.rng.random(shape) + 0.0,
}


@pytest.mark.parametrize("draw", SOURCES.values(), ids=SOURCES)
def test_dropout_is_checked_wherever_its_randomness_comes_from(draw):
    layer = Dropout(draw)
    known = (layer, x, GENERATOR, RANDOM_STATE, PYTHONS, Shared.rng, getattr(draw, "__self__", None))
    before = everything(*known)
    report = check(layer, x)
    assert report, report
    assert everything(*known) == before
    assert list(vars(layer)) == ["draw"]


class DropoutByMethod:
    def forward(self, x):
        self.mask = (GENERATOR.random(x.shape) > 0.4) / 0.6
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class DropoutByClass:
    rng = np.random.default_rng(5)

    def forward(self, x):
        self.mask = (self.rng.random(x.shape) > 0.4) / 0.6
        return x * self.mask

    def backward(self, dout):
        return dout * self.mask


class DropoutBySlots:
    __slots__ = ("mask", "rng")

    def __init__(self):
        self.rng = np.random.default_rng(5)

    forward, backward = DropoutByClass.forward, DropoutByClass.backward


class DropoutByNesting:
    def __init__(self):
        self.layers = {"first": [Dropout(np.random.default_rng(6).random)], "second": (DropoutBySlots(),)}

    def forward(self, x):
        return self.layers["second"][0].forward(self.layers["first"][0].forward(x))

    def backward(self, dout):
        return self.layers["first"][0].backward(self.layers["second"][0].backward(dout))


class DropoutByProperty:
    def __init__(self):
        self._Source__rng = np.random.default_rng(7)

    @property
    def rng(self):
        return self._Source__rng

    forward, backward = DropoutByClass.forward, DropoutByClass.backward


RANDOM_LAYERS = [DropoutByMethod, DropoutByClass, DropoutBySlots, DropoutByNesting, DropoutByProperty]


@pytest.mark.parametrize("kind", RANDOM_LAYERS)
@pytest.mark.parametrize("module", ["a_package.layers", "__main__", "_private"])
def test_a_layer_that_draws_is_checked_whichever_module_it_lives_in(kind, module, monkeypatch):
    monkeypatch.setattr(kind, "__module__", module)
    layer = kind()
    known = (layer, x, GENERATOR, DropoutByClass.rng)
    before = everything(*known)
    report = check(layer, x)
    assert report, report
    assert everything(*known) == before


class BatchNorm:
    """Normalises over the batch and keeps running statistics, rebound or updated in place."""

    def __init__(self, in_place):
        self.params = {"gamma": np.array([1.2, 0.7, -0.5, 2.0]), "beta": np.array([0.1, -0.3, 0.5, 0.2])}
        self.grads = {}
        self.mean, self.var, self.in_place = np.zeros(4), np.ones(4), in_place
        self.batches_seen = 0

    def forward(self, x):
        mean, var = x.mean(axis=0), x.var(axis=0)
        self.batches_seen += 1
        if self.in_place:
            self.mean *= 0.9
            self.mean += 0.1 * mean
            np.copyto(self.var, 0.9 * self.var + 0.1 * var)
        else:
            self.mean = 0.9 * self.mean + 0.1 * mean
            self.var = 0.9 * self.var + 0.1 * var
        self.std = np.sqrt(var + 1e-5)
        self.normal = (x - mean) / self.std
        return self.params["gamma"] * self.normal + self.params["beta"]

    def backward(self, dout):
        self.grads["gamma"] = (dout * self.normal).sum(axis=0)
        self.grads["beta"] = dout.sum(axis=0)
        d = dout * self.params["gamma"]
        return (d - d.mean(axis=0) - self.normal * (d * self.normal).mean(axis=0)) / self.std


@pytest.mark.parametrize("in_place", [False, True], ids=["rebound", "in place"])
def test_batch_norm_keeps_its_running_statistics(in_place):
    layer = BatchNorm(in_place)
    layer.forward(x + 1)
    before = everything(layer, x)
    report = check(layer, x)
    assert report, report
    assert [tensor.name for tensor in report.tensors] == ["x", "gamma", "beta"]
    assert everything(layer, x) == before
    assert layer.batches_seen == 1
    assert layer.grads == {}


class Warming:
    """The output depends on how often forward was called, as kept by `count`; backward agrees with its forward."""

    def __init__(self, count):
        self.count = count

    def forward(self, x):
        self.factor = 1 + 0.5 * self.count()
        return x * self.factor

    def backward(self, dout):
        return dout * self.factor


def counting_in_a_global():
    global COUNT  # noqa: PLW0603 - as people write it
    COUNT += 1
    return COUNT


def counting_in_a_module_dictionary():
    SETTINGS["calls"] += 1
    SETTINGS["seen"].append(SETTINGS["calls"])
    return len(SETTINGS["seen"])


def counting_in_a_closure():
    calls = 0

    def count():
        nonlocal calls
        calls += 1
        return calls

    return count


def counting_in_a_closed_over_list():
    calls = []

    def count():
        calls.append(None)
        return len(calls)

    return count


def counting_on_the_function():
    counting_on_the_function.calls += 1
    return counting_on_the_function.calls


counting_on_the_function.calls = 0


class Tally:
    total = 0

    @classmethod
    def count(cls):
        cls.total += 1
        return cls.total

    def count_new_name(self):
        type(self).fresh = getattr(type(self), "fresh", 0) + 1
        return type(self).fresh


class Container:
    def __init__(self, box):
        self.box = box

    def count(self):
        size = len(self.box)
        match self.box:
            case dict():
                self.box[size] = size
            case set():
                self.box.add(size)
            case bytearray() | list() | collections.deque():
                self.box.append(size)
            case np.ndarray():
                self.box[...] += 1
                return float(self.box.sum())
        return len(self.box)


COUNTERS = {
    "a global": lambda: counting_in_a_global,
    "a module's dictionary": lambda: counting_in_a_module_dictionary,
    "a closure": counting_in_a_closure,
    "a closed-over list": counting_in_a_closed_over_list,
    "a function attribute": lambda: counting_on_the_function,
    "a class attribute": lambda: Tally.count,
    "a new class attribute": lambda: Tally().count_new_name,
    "a list": lambda: Container([1]).count,
    "a dict": lambda: Container({}).count,
    "an OrderedDict": lambda: Container(collections.OrderedDict()).count,
    "a defaultdict": lambda: Container(collections.defaultdict(list)).count,
    "a set": lambda: Container({0}).count,
    "a deque": lambda: Container(collections.deque([1], maxlen=9)).count,
    "a bytearray": lambda: Container(bytearray(b"a")).count,
    "a 0-d array": lambda: Container(np.zeros(1)).count,
}


@pytest.mark.parametrize("counter", COUNTERS.values(), ids=COUNTERS)
def test_a_layer_that_counts_is_checked_and_its_count_goes_on_as_if_nothing_had_happened(counter):
    count = counter()
    layer, owner = Warming(count), getattr(count, "__self__", None)
    first = count()
    before = everything(layer, owner, x, SETTINGS)
    report = check(layer, x)
    assert report, report
    assert everything(layer, owner, x, SETTINGS) == before
    assert count() == first + 1


def test_a_class_attribute_that_forward_creates_is_gone_afterwards():
    class Lazy:
        def forward(self, x):
            type(self).cache = np.cos(x)
            self.slope = np.cos(x)
            return np.sin(x)

        def backward(self, dout):
            return dout * self.slope

    assert check(Lazy(), x)
    assert not hasattr(Lazy, "cache")


def test_arrays_handed_out_before_are_still_the_layers_own():
    """An optimiser that holds the arrays sees the same ones after the check, with the same contents."""
    layer = BatchNorm(in_place=False)
    gamma, contents = layer.params["gamma"], layer.params["gamma"].tobytes()
    view = gamma[1:3]
    assert check(layer, x)
    assert layer.params["gamma"] is gamma
    assert gamma.tobytes() == contents
    assert view.base is gamma


class SharesItsWeights:
    """Two names for one array: whoever restores one restores both."""

    def __init__(self):
        self.W = np.random.default_rng(2).normal(size=(4, 3))
        self.dW = np.zeros_like(self.W)
        self.others = [self.W, self.W.T]

    def forward(self, x):
        self.x = x
        return x @ self.W @ self.others[1] * 0.5

    def backward(self, dout):
        self.dW[...] = 0.5 * (self.x.T @ dout + dout.T @ self.x) @ self.W
        return 0.5 * dout @ self.W @ self.W.T


def test_aliases_of_a_parameter_follow_it_and_are_put_back():
    layer = SharesItsWeights()
    before = everything(layer, x)
    report = check(layer, x)
    assert report, report
    assert report["W"].verdict == "agree"
    assert everything(layer, x) == before
    assert layer.others[0] is layer.W


class TroubleError(Exception):
    pass


def clock():
    """Counts calls; a generator's place is the one thing that nobody can put back."""
    n = 0
    while True:
        n += 1
        yield n


class FailsLater:
    """Draws, counts and caches; raises from the given call of forward or backward on."""

    def __init__(self, error, where, when):
        self.error, self.where, self.when, self.clock = error, where, when, clock()
        self.W, self.dW = np.array([0.5, -1.5, 2.0, 1.0]), np.zeros(4)
        self.rng = np.random.default_rng(12)
        self.log = []

    def forward(self, x):
        self._work("forward")
        self.x = x
        return x * self.W

    def backward(self, dout):
        self._work("backward")
        self.dW += (dout * self.x).sum(axis=0)
        return dout * self.W

    def _work(self, what):
        self.log.append(np.random.rand() + random.random() + self.rng.random())  # noqa: NPY002 - that is the point
        if what == self.where and next(self.clock) >= self.when:
            raise self.error


@pytest.mark.parametrize("error", [TroubleError(), KeyboardInterrupt(), SystemExit(3)], ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("when", [1, 2, 3, 6])
@pytest.mark.parametrize("where", ["forward", "backward"])
def test_after_an_error_of_the_subject_all_is_as_before(error, when, where):
    layer = FailsLater(error, where, when)
    before = everything(layer, x)
    with pytest.raises(type(error)) as raised:
        check(layer, x)
    assert raised.value is error
    assert everything(layer, x) == before


def test_the_error_of_a_pair_or_function_leaves_inputs_and_randomness_alone():
    def f(x):
        x += np.random.rand()  # noqa: NPY002 - that is the point
        raise TroubleError

    given = x.copy()
    before = everything(given)
    with pytest.raises(TroubleError):
        check(f, given, backward=lambda dout: dout)
    with pytest.raises(TroubleError):
        check(f, given, grad=lambda x: x)
    assert everything(given) == before


def test_read_only_inputs_and_parameters_are_checked_and_stay_read_only():
    layer = BatchNorm(in_place=False)
    given = x.copy()
    for array in (given, *layer.params.values()):
        array.flags.writeable = False
    before = everything(layer, given)
    report = check(layer, given)
    assert report, report
    assert everything(layer, given) == before


def test_no_generator_of_the_callers_decides_the_report():
    """The seed does, and nothing else: not the global state, not how often something was checked before."""
    layer = Dropout(np.random.default_rng(1).random)
    np.random.seed(1)  # noqa: NPY002 - that is the point
    random.seed(1)
    first = check(layer, x, exhaustive=True).to_dict()
    np.random.seed(2)  # noqa: NPY002 - that is the point
    random.seed(2)
    assert check(layer, x, exhaustive=True).to_dict() == first
    assert check(layer, x, exhaustive=True, seed=1).to_dict() != first


def test_what_cannot_be_put_back_is_called_non_deterministic():
    ticking = clock()
    report = check(lambda x: x * next(ticking), x, backward=lambda dout: dout)
    assert report.verdict == "disagree"
    assert [finding.check for finding in report.conduct] == ["deterministic"]
    assert report["x"].verdict == "undecided"


def test_a_copy_in_double_precision_drops_the_same_units_out():
    first, last = (analytic.Dense(*sizes, rng=0, dtype=np.float32) for sizes in ((6, 40), (40, 3)))
    loss = analytic.SoftmaxCrossEntropy()
    network = analytic.Sequential(first, analytic.ReLU(), analytic.Dropout(0.5, rng=1), last, loss=loss)
    x = np.random.default_rng(3).normal(size=(8, 6)).astype(np.float32)
    report = check(network, x, np.arange(8) % 3)
    assert report.verdict == "agree", str(report)
    assert report.evaluations < 150  # each tensor by directions: single precision would need every entry


def test_a_mask_drawn_in_the_precision_of_its_input_is_another_in_double_and_no_reason_to_stay_in_single():
    class Mask:
        def __init__(self, factor):
            self.rng, self.factor = np.random.default_rng(1), factor

        def forward(self, x):
            self.x, self.mask = x, self.rng.random(x.shape, x.dtype) > 0.5  # other numbers for other types
            return np.tanh(x) * self.mask

        def backward(self, dout):
            return dout * self.mask * (1 - np.tanh(self.x) ** 2) * self.x.dtype.type(self.factor)

    x = np.random.default_rng(3).normal(size=(8, 40)).astype(np.float32)
    right, wrong = check(Mask(1), x), check(Mask(1.0001), x)
    assert (right.verdict, wrong.verdict) == ("agree", "disagree"), right
    assert right["x"].resolution < 1e-5
