"""What is saved is what is loaded; a damaged or hostile file is a clear error, does nothing, and changes nothing."""

import io
import json
import os
import re
import zipfile

import numpy as np
import pytest

from gradcheck.analytic import (
    GRU,
    L2,
    LSTM,
    Add,
    BatchNormalization,
    Bidirectional,
    Conv2D,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
    Model,
    MultiHeadAttention,
    ReLU,
    Sequential,
    SoftmaxCrossEntropy,
    Tanh,
    TwoLayerNet,
    cases,
)
from gradcheck.training import SGD, Adam, ClipByGlobalNorm, CosineDecay, DataError, ReduceOnPlateau, RMSprop, WarmUp
from gradcheck.training.saving import load_network, restore, save

rng = np.random.default_rng(0)
x, t = rng.normal(size=(6, 4)), np.array([0, 1, 1, 0, 1, 0])


def classifier():
    draws = np.random.default_rng(1)  # of both dropouts: what one draws the other does not
    layers = [Dense(4, 5, rng=0), BatchNormalization(5), ReLU(), Dropout(0.5, draws), Dropout(0.25, draws)]
    layers.append(Dense(5, 2, rng=2, dtype=np.float64))
    return Sequential(layers, loss=SoftmaxCrossEntropy(label_smoothing=0.1), regularizer=L2(0.01))


def graph():
    a, shared = Input(4, name="a"), Dense(4, 4, rng=0)
    return Model(a, Dense(4, 2, rng=1)(Add()(a, Tanh()(shared(shared(a))))), loss=SoftmaxCrossEntropy())


NETWORKS = {
    "classifier": classifier,
    "two layers": lambda: TwoLayerNet(4, 3, 2, rng=0, activation=ReLU),
    "graph": graph,
    "named": lambda: Sequential({"in": Dense(4, 3, rng=0), "out": Dense(3, 2, rng=0)}, loss=SoftmaxCrossEntropy()),
    "nested": lambda: Sequential(Sequential([Dense(4, 3, rng=0), Tanh()]), Dense(3, 2), loss=SoftmaxCrossEntropy()),
}


def train(network, optimizer, steps):
    for _ in range(steps):
        optimizer.update(network.params, network.gradient(x, t))


def optimizers():
    return [
        SGD(0.1, momentum=0.9, nesterov=True),
        Adam(CosineDecay(0.01, 100), clip=ClipByGlobalNorm(1.0)),
        RMSprop(WarmUp(3, ReduceOnPlateau(0.01, patience=2)), centered=True),
    ]


@pytest.mark.parametrize("kind", range(3))
@pytest.mark.parametrize("name", NETWORKS)
def test_training_goes_on_bit_for_bit(name, kind, tmp_path):
    network, optimizer = NETWORKS[name](), optimizers()[kind]
    train(network, optimizer, 3)
    save(tmp_path / "model.npz", network, optimizer)
    saved = load_network(tmp_path / "model.npz")
    assert repr(saved.network) == repr(network)
    assert repr(saved.optimizer) == repr(optimizer)
    train(network, optimizer, 3)
    train(saved.network, saved.optimizer, 3)
    assert list(saved.network.params) == list(network.params)
    for parameter, W in network.params.items():
        np.testing.assert_array_equal(saved.network.params[parameter], W)
    np.testing.assert_array_equal(saved.network.predict(x), network.predict(x))


@pytest.mark.parametrize("case", [case for case in cases() if isinstance(case.subject, Layer)], ids=lambda c: c.name)
def test_every_layer_can_be_saved(case, tmp_path):
    save(tmp_path / "layer.npz", case.subject)
    twin = load_network(tmp_path / "layer.npz").network
    assert type(twin) is type(case.subject)
    assert twin.training == case.subject.training
    inputs = case.inputs[:1] if getattr(twin, "loss_function", None) else case.inputs
    np.testing.assert_array_equal(twin.forward(*inputs), case.subject.forward(*inputs))


def test_larger_networks_of_sequences_and_pictures(tmp_path):
    words, lengths = Input(name="words"), Input(name="lengths")
    read = Bidirectional(LSTM(6, 3, rng=0, return_sequences=True), GRU(6, 3, rng=1, return_sequences=True))
    h = MultiHeadAttention(6, 2, rng=2)(read(Embedding(9, 6, rng=3)(words), lengths))
    reader = Model([words, lengths], h)
    convolution = Conv2D(1, 2, 3, padding="same", rng=0)
    pictures = Sequential(convolution, ReLU(), MaxPooling2D(2), Flatten(), Dense(8, 3, rng=0))
    for network, inputs in [
        (reader, (rng.integers(9, size=(3, 5)), np.array([5, 2, 3]))),
        (pictures, (rng.normal(size=(2, 1, 4, 4)),)),
    ]:
        save(tmp_path / "m.npz", network)
        twin = load_network(tmp_path / "m.npz").network
        np.testing.assert_array_equal(twin.forward(*inputs), network.forward(*inputs))


def test_random_state_and_what_else_one_wants_to_keep(tmp_path):
    generator = np.random.default_rng(5)
    generator.normal(size=3)
    save(tmp_path / "m", classifier(), rng=generator, extra={"epoch": 3, "losses": [0.5, 0.25]})
    saved = load_network(tmp_path / "m")
    assert saved.extra == {"epoch": 3, "losses": [0.5, 0.25]}
    assert saved.optimizer is None
    np.testing.assert_array_equal(saved.rng.normal(size=5), generator.normal(size=5))


def test_a_network_that_is_there_is_filled(tmp_path):
    trained, optimizer = classifier(), Adam()
    train(trained, optimizer, 3)
    save(tmp_path / "m", trained, optimizer)
    network, other = classifier(), Adam()
    weights = dict(network.params)
    restore(tmp_path / "m", network, other)
    assert all(network.params[name] is W for name, W in weights.items())
    for net, opt in ((trained, optimizer), (network, other)):
        train(net, opt, 2)
    for name, W in trained.params.items():
        np.testing.assert_array_equal(network.params[name], W)


def test_a_network_that_does_not_fit_stays_as_it_was(tmp_path):
    save(tmp_path / "m", TwoLayerNet(4, 7, 2, rng=0), SGD(0.1, momentum=0.5))
    network, adam = TwoLayerNet(4, 3, 2, rng=0), Adam()
    before = {name: W.copy() for name, W in network.params.items()}
    with pytest.raises(DataError, match=r"it holds TwoLayerNet\(Dense\(4, 7\).* which does not fit"):
        restore(tmp_path / "m", network)
    with pytest.raises(DataError, match=r"it holds the optimiser SGD\(lr=0.1\), expected Adam"):
        restore(tmp_path / "m", TwoLayerNet(4, 7, 2, rng=0), adam)
    assert adam.steps == 0
    for name, W in network.params.items():
        np.testing.assert_array_equal(W, before[name])


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_is_an_error_and_changes_nothing(seed, tmp_path):
    network, optimizer, path = classifier(), Adam(), tmp_path / "m"
    train(network, optimizer, 2)
    save(path, network, optimizer)
    data, draw = bytearray(path.read_bytes()), np.random.default_rng(seed)
    if seed % 2:
        data = data[: draw.integers(len(data))]
    else:
        for place in draw.integers(len(data), size=30):
            data[place] ^= 1 << draw.integers(8)
    path.write_bytes(bytes(data))
    before = {name: W.copy() for name, W in network.params.items()}
    with pytest.raises(DataError, match=re.escape(str(path))):
        restore(path, network, optimizer)
    assert optimizer.steps == 2
    for name, W in network.params.items():
        np.testing.assert_array_equal(W, before[name])


def rewritten(path, change):
    """The file with its header changed."""
    with np.load(path) as archive:
        arrays = dict(archive)
    header = json.loads(bytes(arrays["gradcheck"]))
    change(header)
    arrays["gradcheck"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    with path.open("wb") as file:
        np.savez(file, **arrays)


def many_layers(count):
    """Each of them modest: together they would fill the memory."""
    return [{"make": "BatchNormalization", "with": [[10**5], {"dict": []}]}] * count


HOSTILE = {
    "another class": (lambda h: h["network"].update(make="system"), "it names the class 'system', which is not known"),
    "a function": (lambda h: h["network"].update(make="save"), "it names the class 'save', which is not known"),
    "dunder": (lambda h: h["network"].update(make="__import__"), "it names the class '__import__', which is not known"),
    "a huge layer": (
        lambda h: h["network"].update({"make": "Dense", "with": [[10**7, 10**7], {"dict": []}]}),
        r"it names sizes of 20,000,000, but holds [\d,]+ numbers in all",
    ),
    "many large layers": (
        lambda h: h["network"].update({"make": "Sequential", "with": [[*many_layers(500)], {"dict": []}]}),
        r"it names sizes of 1,\d\d\d,\d\d\d, but holds [\d,]+ numbers in all",
    ),
    "a huge recurrent layer": (
        lambda h: h["network"].update({"make": "LSTM", "with": [[10**5, 10**5], {"dict": []}]}),
        r"it names weights of shape \(100000, 400000\), but holds [\d,]+ numbers in all",
    ),
    "a huge normalisation": (
        lambda h: h["network"].update({"make": "LayerNormalization", "with": [[[10**4, 10**6]], {"dict": []}]}),
        "it names sizes of 10,000,000,000, but holds",
    ),
    "an optimiser for a network": (
        lambda h: h["network"].update({"make": "SGD", "with": [[], {"dict": []}]}),
        r"it holds SGD\(lr=0.01\), which is no network",
    ),
    "a later version": (lambda h: h.update(version=99), "it is of version 99, this library reads version 1"),
    "no network": (lambda h: h.pop("network"), "it does not hold a network as save"),
    "nonsense": (lambda h: h.update(network={"make": 3}), "it does not hold a network as save|names the class 3"),
    "a generator of its own": (
        lambda h: h.update(generators=[{"bit_generator": "os"}]),
        "it names the bit generator 'os', expected one of",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_file_from_a_stranger_can_do_no_harm(kind, tmp_path):
    change, says = HOSTILE[kind]
    save(tmp_path / "m", TwoLayerNet(4, 3, 2, rng=0))
    rewritten(tmp_path / "m", change)
    with pytest.raises(DataError, match=says):
        load_network(tmp_path / "m")


def test_the_memory_of_an_optimiser_has_to_fit_its_network(tmp_path):
    network, optimizer = TwoLayerNet(4, 3, 2, rng=0), Adam()
    train(network, optimizer, 1)
    optimizer.state["m"]["W1"] = np.zeros((2, 2))
    save(tmp_path / "m", network, optimizer)
    with pytest.raises(DataError, match=r"expected m of W1 as float64 \(4, 3\), found float64 \(2, 2\)"):
        load_network(tmp_path / "m")


def test_nesting_without_end_is_an_error(tmp_path):
    save(tmp_path / "m", TwoLayerNet(4, 3, 2, rng=0))
    deep = {"dict": []}
    for _ in range(300):
        deep = [deep]
    rewritten(tmp_path / "m", lambda header: header.update(network=deep))
    with pytest.raises(DataError, match="its parts are nested more than 100 deep"):
        load_network(tmp_path / "m")


class Evil:
    def __reduce__(self):
        return os.mkdir, ("harm",)


def test_nothing_is_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "m.npz", gradcheck=np.array([Evil()], object))
    with pytest.raises(DataError, match="it is damaged, or no file of save"):
        load_network(tmp_path / "m.npz")
    assert not (tmp_path / "harm").exists()


def test_a_compressed_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb", "w", zipfile.ZIP_DEFLATED) as archive:
        buffer = io.BytesIO()
        np.save(buffer, np.zeros(10**6))
        archive.writestr("gradcheck.npy", buffer.getvalue())
    with pytest.raises(DataError, match="it is compressed, which save"):
        load_network(tmp_path / "bomb")


@pytest.mark.parametrize(("offset", "value"), [(6, 99), (8, 1)], ids=["of the future", "encrypted"])
def test_an_archive_of_another_kind_is_refused(offset, value, tmp_path):
    save(tmp_path / "m", Dense(3, 2, rng=0))
    data = bytearray((tmp_path / "m").read_bytes())
    for start in range(len(data)):
        if data[start : start + 4] == b"PK\x01\x02":
            data[start + offset] = value
    (tmp_path / "m").write_bytes(bytes(data))
    with pytest.raises(DataError, match=r"it is damaged, or no file of save\(\)"):
        load_network(tmp_path / "m")


def test_entries_that_share_their_bytes_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb", "w") as archive:
        archive.writestr("a.npy", bytes(10**4))
        archive.filelist += [archive.filelist[0]] * 100
    with pytest.raises(DataError, match="its entries overlap, which those of save"):
        load_network(tmp_path / "bomb")


def test_files_that_are_no_networks(tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        load_network(tmp_path / "nothing")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(DataError, match="it is damaged, or no file of save"):
        load_network(tmp_path / "text")
    np.savez(tmp_path / "other.npz", a=np.ones(3))
    with pytest.raises(DataError, match="it is an archive of arrays, but none that save"):
        load_network(tmp_path / "other.npz")
    with pytest.raises(DataError, match="it is damaged, or no file of save"):
        load_network(tmp_path)


def test_a_seed_is_no_size(tmp_path):
    save(tmp_path / "m", Sequential(Dense(3, 2, 2**31), Dropout(0.5, 2**31)))
    assert repr(load_network(tmp_path / "m").network) == "Sequential(Dense(3, 2), Dropout(0.5))"


def test_places_where_nothing_can_be_saved(tmp_path):
    with pytest.raises(FileNotFoundError, match=re.escape(f"m: there is no folder {tmp_path / 'new'}; make it first")):
        save(tmp_path / "new" / "m", Dense(3, 2))
    with pytest.raises(IsADirectoryError, match="it is a folder; give the name of a file in it"):
        save(tmp_path, Dense(3, 2))


class Mine(Layer):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def _forward(self, x):
        return self.factor * x, None

    def _backward(self, dy, cache):
        return self.factor * dy


def test_a_layer_of_ones_own_has_to_be_named(tmp_path):
    save(tmp_path / "m", Sequential(Mine(3.0), Dense(4, 2, rng=0)))
    says = r"it names the class 'Mine', which is not known; if it is yours, pass classes=\[Mine\]"
    with pytest.raises(DataError, match=says):
        load_network(tmp_path / "m")
    assert load_network(tmp_path / "m", classes=[Mine]).network.layers[0].factor == 3


def test_what_cannot_be_saved_leaves_the_old_file(tmp_path):
    save(tmp_path / "m", classifier())
    before = (tmp_path / "m").read_bytes()
    with pytest.raises(TypeError, match="<function> cannot be saved; it is no number, text, array, layer"):
        save(tmp_path / "m", TwoLayerNet(4, 3, 2, activation=lambda: ReLU()))
    with pytest.raises(TypeError, match="extra holds what is no plain number, text, list or dict"):
        save(tmp_path / "m", classifier(), extra={"model": object()})
    assert (tmp_path / "m").read_bytes() == before
    assert os.listdir(tmp_path) == ["m"]


def test_a_write_that_is_interrupted_leaves_the_old_file(tmp_path, monkeypatch):
    save(tmp_path / "m", classifier())
    before = (tmp_path / "m").read_bytes()

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "m", TwoLayerNet(4, 3, 2))
    assert (tmp_path / "m").read_bytes() == before
    assert os.listdir(tmp_path) == ["m"]
