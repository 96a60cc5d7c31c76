"""A snapshot sees every change of what it reaches, puts it back as often as asked, and runs nothing on the way."""

import array
import collections
import dataclasses
import enum
import functools
import gc
import queue
import random
import sys
import threading
import types
import weakref

import numpy as np
import pytest

from gradcheck.checking.state.snapshot import ArrayPiece, State

x = np.random.default_rng(5).normal(size=(3, 4))


class Holder:
    def __init__(self, held=None):
        self.held = held


@dataclasses.dataclass(frozen=True, slots=True)
class FrozenSlots:
    weights: np.ndarray
    count: int = 0


@dataclasses.dataclass(frozen=True)
class Frozen:
    weights: np.ndarray
    count: int = 0


ELSEWHERE = Holder()


class Mangled:
    __slots__ = ("__secret", "empty")

    def __init__(self):
        self.__secret = 1

    def change(self):
        self.__secret, self.empty = 2, 3

    def all_as_before(self):
        return self.__secret == 1 and not hasattr(self, "empty")


class ArrayWithGradient(np.ndarray):
    grad = None


class Strict(type):
    """Its classes let nothing be set."""

    def __setattr__(cls, name, value):
        raise TypeError(name)

    __delattr__ = __setattr__


class OfStrict(metaclass=Strict):
    count = 0


def set_frozen(thing):
    thing.weights[:] = 7
    object.__setattr__(thing, "count", 7)


def structured():
    array = np.zeros(2, [("number", "f8"), ("list", "O"), ("pair", "f4", (2,))])
    array["list"][0] = [1]
    return array


def change_structured(array):
    array["number"][1], array["pair"][0] = 5, 6
    array["list"][0].append(2)
    array["list"][1] = None


def of_objects():
    array = np.empty(3, object)
    array[:] = [[1], None, np.zeros(2)]
    return array


def change_objects(array):
    array[0].append(2)
    array[1] = 4
    array[2][:] = 5


def write_read_only(array):
    array.flags.writeable = True
    array[0] = 9


def read_only():
    array = np.arange(3.0)
    array.flags.writeable = False
    return array


def rebind_class_attribute(cls):
    type.__setattr__(cls, "count", 5)
    type.__setattr__(cls, "fresh", 5)


def move(ordered):
    ordered.move_to_end("a")


def shape_of(thing):
    return thing.shape, thing.flags.writeable, thing.tobytes()


CHANGES = {
    "a 0-d array": (lambda: np.array(3.0), lambda a: a.fill(4), shape_of),
    "a Fortran array": (lambda: np.asfortranarray(x), lambda a: a.fill(4), shape_of),
    "a strided view": (lambda: x.copy()[::2, ::-1], lambda a: a.fill(4), shape_of),
    "the sign of zero": (lambda: np.zeros(2), lambda a: np.negative(a, out=a), shape_of),
    "NaN": (lambda: np.array([np.nan, 1]), lambda a: a.fill(4), shape_of),
    "a resized array": (lambda: np.zeros(4), lambda a: a.resize((3, 2), refcheck=False), shape_of),
    "a read-only array": (read_only, write_read_only, shape_of),
    "an array made read-only": (lambda: np.zeros(4), lambda a: a.setflags(write=False), shape_of),
    "a structured array": (structured, change_structured, lambda a: repr(a.tolist())),
    "an array of objects": (of_objects, change_objects, lambda a: repr(a.tolist())),
    "an attribute of an array": (
        lambda: x.view(ArrayWithGradient),
        lambda a: setattr(a, "grad", 1),
        lambda a: dict(vars(a)),
    ),
    "a frozen dataclass": (lambda: Frozen(np.zeros(2)), set_frozen, repr),
    "a frozen dataclass of slots": (lambda: FrozenSlots(np.zeros(2)), set_frozen, repr),
    "private slots": (Mangled, Mangled.change, Mangled.all_as_before),
    "a class that lets nothing be set": (
        lambda: OfStrict,
        rebind_class_attribute,
        lambda cls: {name: value for name, value in vars(cls).items() if not name.startswith("__")},
    ),
    "the order of an OrderedDict": (lambda: collections.OrderedDict(a=1, b=2), move, list),
    "a Counter": (lambda: collections.Counter("aab"), lambda c: c.update("abc"), dict),
    "a full deque": (lambda: collections.deque([1, 2], maxlen=2), lambda d: d.append(3), list),
    "a UserDict": (lambda: collections.UserDict(a=1), lambda d: d.update(b=1), dict),
    "a SimpleNamespace": (lambda: types.SimpleNamespace(a=1), lambda n: setattr(n, "b", 2), repr),
    "an array of the standard library": (lambda: array.array("d", [1]), lambda a: a.append(2), list),
    "a bit generator": (lambda: np.random.PCG64(1), lambda b: b.random_raw(), lambda b: b.state),
    "a RandomState of another kind": (
        lambda: np.random.RandomState(np.random.PCG64(1)),
        lambda r: r.rand(),
        lambda r: r.get_state(legacy=False),
    ),
    "an object seen through a weak reference only": (
        lambda: weakref.ref(ELSEWHERE),
        lambda ref: setattr(ref(), "held", 1),
        lambda ref: ref().held,
    ),
}


@pytest.mark.parametrize(("make", "change", "look"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_and_put_back_as_often_as_it_is_made(make, change, look):
    thing = make()
    before = look(thing)
    state = State([Holder([thing])])
    for _ in range(3):
        assert state.changed() == []
        change(thing)
        assert look(thing) != before
        assert state.changed() != []
        state.restore()
        assert look(thing) == before
    state.restore(only=state.pieces)
    assert look(thing) == before


class Untouchable:
    """Whoever asks it anything but its type fails."""

    def __getattribute__(self, name):
        raise AssertionError(name)

    __getattr__ = __setattr__ = __getattribute__

    @property
    def value(self):
        raise AssertionError

    def __eq__(self, other):
        raise AssertionError

    def __hash__(self):
        raise AssertionError

    __iter__ = __len__ = __bool__ = __hash__


def forbidden(*_):
    raise AssertionError


class UntouchableDict(dict):
    __iter__ = __getitem__ = __setitem__ = __delitem__ = keys = values = items = clear = update = copy = forbidden


class UntouchableList(list):
    __iter__ = __getitem__ = __setitem__ = __delitem__ = clear = extend = copy = forbidden


def test_nothing_of_the_subjects_own_is_run():
    mapping, items, thing = UntouchableDict(a=1), UntouchableList([1]), Untouchable()
    state = State([mapping, items, thing])
    dict.__setitem__(mapping, "b", 2)
    list.append(items, 2)
    object.__setattr__(thing, "b", 2)
    state.restore()
    assert dict.keys(mapping) == {"a"}
    assert list.__len__(items) == 1
    assert object.__getattribute__(thing, "__dict__") == {}


class Colour(enum.Enum):
    RED = 1


class NoState(random.Random):
    def getstate(self):
        raise NotImplementedError


def others():
    """What has no state that could be put back, or none of the subject's business."""
    return [
        *(threading.Lock(), threading.RLock(), threading.local(), threading.Thread(), queue.Queue()),
        *(sys.stdin, types, np, np.random, Colour, Colour.RED, type, object, print, super(Holder, Holder())),
        *(iter([1]), (n for n in [1]), range(3), slice(1), memoryview(b"a"), types.MappingProxyType({})),
        *(random.SystemRandom(), NoState(), np.random.SeedSequence(1), weakref.WeakValueDictionary()),
        *(np.float32(1), np.dtype(float), np.sin, np.array(["text"]), np.zeros((0, 3)), np.zeros(2, np.longdouble)),
        *(np.broadcast_to(1.0, (3,)), np.array(["2020"], "M8[Y]"), np.rec.array([(1, 2.0)], dtype="i4,f8")),
        *(functools.cache(len), weakref.ref(Holder()), ..., NotImplemented),
    ]


@pytest.mark.parametrize("thing", others(), ids=lambda thing: type(thing).__name__)
def test_whatever_else_is_held_is_left_alone(thing):
    state = State([Holder(thing)])
    assert state.changed() == []
    state.restore()
    state.restore(only=state.pieces)


def test_a_queue_or_thread_is_not_looked_into():
    """To put their inner counters back while others run would break them."""
    line = queue.Queue()
    state = State([Holder(line)])
    line.put(1)
    state.restore()
    assert line.get_nowait() == 1


def tensors_module(name):
    """A stand-in for a module of a tensor library."""
    cls = type("Module", (), {"__module__": name, "backward": None, "shared": []})
    return type("Mine", (cls,), {"__module__": "mine"})()


@pytest.mark.parametrize("name", ["torch.nn", "jax", "tensorflow.keras"])
def test_tensor_libraries_keep_their_state_themselves(name):
    module = tensors_module(name)
    state = State([module])
    module.weight = 1
    state.restore()
    assert module.weight == 1
    mine = tensors_module("a_library_of_layers")
    state = State([mine])
    mine.weight = 1
    state.restore()
    assert vars(mine) == {}


def in_a_package(monkeypatch, file, code):
    module = types.ModuleType("a_package")
    module.__file__ = file
    monkeypatch.setitem(sys.modules, "a_package", module)
    exec(code, vars(module))
    return module


PACKAGE = """
count = 0

class Helper:
    pass

class Layer:
    helper = Helper()
    def forward(self, x):
        global count
        count += 1
        self.helper.cache = x
    def backward(self, dout):
        pass
"""


@pytest.mark.parametrize("file", ["/home/me/a_package.py", "/usr/lib/python3/site-packages/a_package.py"])
def test_a_package_counts_as_the_users_if_a_root_comes_from_it_even_if_it_is_installed(file, monkeypatch):
    package = in_a_package(monkeypatch, file, PACKAGE)
    layer = package.Layer()
    state = State([layer])
    layer.forward(x)
    state.restore()
    assert package.count == 0
    assert vars(package.Layer.helper) == {}


def test_of_other_installed_packages_only_layers_are_looked_into(monkeypatch):
    package = in_a_package(monkeypatch, "/usr/lib/python3/site-packages/a_package.py", PACKAGE)
    layer, helper = package.Layer(), package.Helper()
    state = State([[layer, helper]])
    layer.cache = helper.cache = package.count = 1
    state.restore()
    assert vars(layer) == {}
    assert (helper.cache, package.count) == (1, 1)


HELPERS = """
unused, used, calls = [], [], 0

def step():
    global calls
    calls += 1
    used.append(calls)
"""


@pytest.mark.parametrize("way", ["a global", "a closure", "an import in forward"])
def test_another_module_of_the_users_is_followed_by_the_names_used(way, monkeypatch):
    package = in_a_package(monkeypatch, "/home/me/a_package.py", HELPERS)
    code = {
        "a global": "import a_package\ndef forward(): a_package.step()",
        "a closure": "def outer():\n import a_package\n return lambda: a_package.step()\nforward = outer()",
        "an import in forward": "def forward():\n from a_package import step\n step()",
    }
    mine = {"__name__": "mine"}
    exec(code[way], mine)
    state = State([mine["forward"]])
    mine["forward"]()
    package.unused.append(1)
    state.restore()
    assert (package.calls, package.used, package.unused) == (0, [], [1])


def test_code_executed_outside_of_any_module_is_the_users():
    space = {"np": np}
    exec("class Layer:\n    seen = []\n    def forward(self, x):\n        self.seen.append(x)\n        return x", space)
    layer = space["Layer"]()
    state = State([layer])
    layer.forward(x)
    state.restore()
    assert layer.seen == []


def test_an_import_in_forward_is_not_taken_back(monkeypatch):
    """The import system would think it done, and never bind the name again."""
    package = in_a_package(monkeypatch, "/home/me/a_package.py", "part = None\ndel part")

    def forward(x):
        return package.part.f(x)

    state = State([forward])
    package.part = types.ModuleType("a_package.part")
    state.restore()
    assert package.part.__name__ == "a_package.part"


def test_methods_lead_to_the_names_they_use_and_to_nothing_else():
    used, unused = np.zeros(2), np.zeros(3)

    class Layer:
        def __init__(self):
            self.other = None

        @property
        def used(self):
            return used

        @functools.cached_property
        def computed(self):
            return used + 1

        def forward(self, x):
            return x

    reached = [piece.array for piece in State([Layer()]).pieces if isinstance(piece, ArrayPiece)]
    assert any(found is used for found in reached)
    assert not any(found is unused for found in reached)
    assert not any(found is x for found in reached)


def test_each_object_is_noted_once_however_often_it_is_held():
    shared = np.zeros(3)
    loop = [shared, {"again": shared}, Holder(shared)]
    loop.append(loop)
    pieces = State([loop, loop, shared]).pieces
    assert sum(isinstance(piece, ArrayPiece) for piece in pieces) == 1


def test_long_lists_and_deep_nesting():
    long, deep = [float(i) for i in range(100_000)], []
    for _ in range(10_000):
        deep = [deep]
    state = State([long, deep])
    long.clear()
    deep[0].append(1)
    state.restore()
    assert len(long) == 100_000
    assert len(deep[0]) == 1


def test_a_file_mapped_read_only_is_not_copied(tmp_path):
    np.save(tmp_path / "data.npy", x)
    mapped = np.load(tmp_path / "data.npy", mmap_mode="r")
    state = State([mapped])
    [piece] = [piece for piece in state.pieces if isinstance(piece, ArrayPiece)]
    assert piece.kept is mapped
    state.restore()
    writeable = np.load(tmp_path / "data.npy", mmap_mode="r+")
    state = State([writeable])
    writeable[0] = 5
    state.restore()
    np.testing.assert_array_equal(np.load(tmp_path / "data.npy"), x)


class Failing:
    """A piece that cannot be restored the first `times`."""

    def __init__(self, times, error):
        self.times, self.error = times, error

    def changed(self):
        return True

    def restore(self):
        if self.times:
            self.times -= 1
            raise self.error


@pytest.mark.parametrize("times", [1, 9])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_or_interrupt_while_restoring_leaves_nothing_half_restored(times, error):
    memory = [1]
    state = State([memory])
    failing = Failing(times, error)
    state.pieces.insert(0, failing)
    memory.append(2)
    with pytest.raises(error):
        state.restore()
    assert memory == [1]
    assert failing.times in (0, 7)


def test_an_interrupt_between_emptying_and_filling_is_made_good(monkeypatch):
    memory = {"a": 1, "b": 2}
    state = State([memory])
    [piece] = [piece for piece in state.pieces if getattr(piece, "mapping", None) is memory]

    class Interrupted(dict):
        times = 0

        @classmethod
        def update(cls, mapping, kept):
            cls.times += 1
            if cls.times == 1:
                raise KeyboardInterrupt
            dict.update(mapping, kept)

    monkeypatch.setattr(piece, "kind", Interrupted)
    memory["c"] = 3
    with pytest.raises(KeyboardInterrupt):
        state.restore()
    assert memory == {"a": 1, "b": 2}


def test_only_random_states_are_rewound():
    generator, memory = np.random.default_rng(3), []
    state = State([generator, memory])
    first = generator.random()
    memory.append(first)
    state.rewind()
    assert generator.random() == first
    assert memory == [first]


def test_what_did_not_change_is_not_written():
    """Another thread, or another name for the same memory, may be at it."""

    class Watched(np.ndarray):
        pass

    watched = np.zeros(3).view(Watched)
    state = State([watched])
    for piece in state.pieces:
        piece.restore = forbidden
    state.restore()


def test_a_snapshot_keeps_nothing_alive():
    layer = Holder(np.zeros(100))
    array, state = weakref.ref(layer.held), State([layer])
    copies = [weakref.ref(piece.kept) for piece in state.pieces if isinstance(piece, ArrayPiece)]
    gc.disable()  # no cycles: counting references must suffice
    try:
        state.restore()
        del layer, state
        assert array() is None
        assert [copy() for copy in copies] == [None]
    finally:
        gc.enable()
