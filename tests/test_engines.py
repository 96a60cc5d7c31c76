"""Small autodiff engines are understood as they are written: one of numbers, like micrograd's, and two of arrays.

Each comes with right operations, which must agree, and wrong ones, which must not.
"""

import itertools

import numpy as np
import pytest
from reading import said

from gradcheck import check

rng = np.random.default_rng(6)
x = rng.normal(size=(4, 3))
w = rng.normal(size=(3, 2))


def agrees(report, *tensors):
    assert report, report
    assert [tensor.name for tensor in report.tensors] == list(tensors)
    return report


def wrong(report, *tensors):
    """Exactly these tensors are wrong."""
    assert not report
    assert [tensor.name for tensor in report.tensors if tensor.verdict == "disagree"] == list(tensors), report


# An engine of numbers: backward() begins with 1, whatever its grad is


class Value:
    def __init__(self, data, children=()):
        self.data, self.grad = data, 0
        self._backward, self._prev = lambda: None, set(children)

    def _made(self, data, children, backward):
        out = Value(data, children)
        out._backward = lambda: backward(out.grad)
        return out

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)

        def backward(g):
            self.grad += g
            other.grad += g

        return self._made(self.data + other.data, (self, other), backward)

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)

        def backward(g):
            self.grad += other.data * g
            other.grad += self.data * g

        return self._made(self.data * other.data, (self, other), backward)

    def __pow__(self, n):
        def backward(g):
            self.grad += n * self.data ** (n - 1) * g

        return self._made(self.data**n, (self,), backward)

    def relu(self):
        def backward(g):
            self.grad += (self.data > 0) * g

        return self._made(max(0, self.data), (self,), backward)

    def relu_without_cotangent(self):
        def backward(g):
            self.grad += self.data > 0

        return self._made(max(0, self.data), (self,), backward)

    def times_overwriting(self, other):
        def backward(g):
            self.grad = other.data * g
            other.grad = self.data * g

        return self._made(self.data * other.data, (self, other), backward)

    __radd__, __rmul__ = __add__, __mul__

    def backward(self):
        order, seen = [], set()

        def visit(v):
            if v not in seen:
                seen.add(v)
                for child in v._prev:
                    visit(child)
                order.append(v)

        visit(self)
        self.grad = 1
        for v in reversed(order):
            v._backward()


class Neuron:
    def __init__(self, n, activation=Value.relu):
        self.w, self.b, self.activation = [Value(number) for number in rng.normal(size=n)], Value(0), activation

    def __call__(self, x):
        return self.activation(sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b + 0.3))

    def parameters(self):
        return [*self.w, self.b]


class MLP:
    def __init__(self, *sizes, activation=Value.relu):
        self.layers = [[Neuron(m, activation) for _ in range(n)] for m, n in itertools.pairwise(sizes)]

    def __call__(self, x):
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x[0] if len(x) == 1 else x

    def parameters(self):
        return [p for layer in self.layers for neuron in layer for p in neuron.parameters()]


def test_functions_of_numbers():
    report = agrees(check(lambda a, b: (a * b + b**3).relu(), Value(2.0), Value(3.0)), "a", "b")
    assert "autodiff engine, Value with data, grad and backward()" in said(report)
    assert "weighted by the engine's own * and +" in said(report)
    agrees(check(lambda a, b: (a * b + b**3).relu(), Value(2.0), Value(-3.0)), "a", "b")


def test_methods_whole_numbers_and_several_outputs():
    agrees(check(Value.relu, Value(2)), "self")
    agrees(check(lambda a, b: [a * b, a + b, b**2], Value(2), Value(-3)), "a", "b")
    agrees(check(lambda a, b: {"product": a * b, "sum": a + b}, Value(2), Value(-3)), "a", "b")


def test_a_model_with_its_parameters():
    model = MLP(3, 4, 1)
    before = [p.data for p in model.parameters()]
    for inputs in ([2.0, -1.0, 0.5], [Value(2.0), Value(-1.0), 0.5], np.array([2.0, -1.0, 0.5])):
        report = agrees(check(model, inputs), "x", "parameters")
    assert "21 numbers that it holds" in said(report)
    assert [p.data for p in model.parameters()] == before
    assert all(p.grad == 0 for p in model.parameters())


def test_a_loss_over_a_batch_that_uses_a_model():
    model = MLP(2, 3, 1)

    def loss(xs, ys):
        return sum(((model(x) + -y) ** 2 for x, y in zip(xs, ys, strict=True)), Value(0))

    agrees(check(loss, [[2.0, 1.0], [0.5, -0.3], [1.0, 1.5]], [1, -1, 1]), "xs")


def test_gradients_that_were_there_before_do_no_harm():
    a, model = Value(2.0), MLP(2, 1)
    (a * a).backward()
    model([1.0, 2.0]).backward()
    kept = a.grad, [p.grad for p in model.parameters()]
    assert check(lambda a: a**2, a)
    assert check(model, [1.0, 2.0])
    assert (a.grad, [p.grad for p in model.parameters()]) == kept


def test_wrong_operations():
    wrong(check(lambda a: a.relu_without_cotangent(), Value(2.0)), "a")
    wrong(check(lambda a, b: a.times_overwriting(b) + a, Value(2.0), Value(3.0)), "a")
    wrong(check(lambda a: a.times_overwriting(a), Value(2.0)), "a")


def test_a_wrong_operation_inside_a_model():
    def halved(v):
        out = v.relu()
        inner = out._backward

        def backward():
            out.grad /= 2
            inner()

        out._backward = backward
        return out

    report = check(MLP(2, 3, 1, activation=halved), [1.0, 2.0])
    assert report["parameters"].verdict == "disagree"


def test_nothing_comes_out():
    with pytest.raises(TypeError, match=r"returned float, in which there is no value"):
        check(lambda a: a.data, Value(2.0))


# An engine of arrays whose gradients are values: DeZero's


class Variable:
    def __init__(self, data, name=None):
        self.data, self.name, self.grad, self.creator = data, name, None, None

    def cleargrad(self):
        self.grad = None

    def backward(self, retain_grad=False, create_graph=False):
        if self.grad is None:
            self.grad = Variable(np.ones_like(self.data))
        for f in _latest_first(self):
            gradients = f.backward(f.output.grad)
            gradients = gradients if isinstance(gradients, tuple) else (gradients,)
            for parent, given in zip(f.inputs, gradients, strict=True):
                g = given if create_graph else Variable(given.data)
                parent.grad = g if parent.grad is None else parent.grad + g
            if not retain_grad:
                f.output.grad = None


def _latest_first(variable):
    order, seen = [], set()

    def visit(v):
        if v.creator is not None and v.creator not in seen:
            seen.add(v.creator)
            for parent in v.creator.inputs:
                visit(parent)
            order.append(v.creator)

    visit(variable)
    return reversed(order)


def as_variable(data):
    return data if isinstance(data, Variable) else Variable(np.asarray(data))


class Function:
    def __call__(self, *inputs):
        self.inputs = [as_variable(v) for v in inputs]
        self.output = Variable(np.asarray(self.forward(*[v.data for v in self.inputs])))
        self.output.creator = self
        return self.output


class Add(Function):
    def forward(self, a, b):
        return a + b

    def backward(self, gy):
        a, b = self.inputs
        return sum_to(gy, a.data.shape), sum_to(gy, b.data.shape)


class AddUnsummed(Add):
    def backward(self, gy):
        return gy, gy


class Mul(Function):
    def forward(self, a, b):
        return a * b

    def backward(self, gy):
        a, b = self.inputs
        return gy * b, gy * a


class SumTo(Function):
    def __init__(self, shape):
        self.shape = shape

    def forward(self, a):
        missing = tuple(range(a.ndim - len(self.shape)))
        return a.sum(axis=missing)

    def backward(self, gy):
        return BroadcastTo(self.inputs[0].data.shape)(gy)


class BroadcastTo(Function):
    def __init__(self, shape):
        self.shape = shape

    def forward(self, a):
        return np.broadcast_to(a, self.shape).copy()

    def backward(self, gy):
        return sum_to(gy, self.inputs[0].data.shape)


class MatMul(Function):
    def forward(self, a, b):
        return a @ b

    def backward(self, gy):
        a, b = self.inputs
        return MatMul()(gy, Transpose()(b)), MatMul()(Transpose()(a), gy)


class Transpose(Function):
    def forward(self, a):
        return a.T

    def backward(self, gy):
        return Transpose()(gy)


class Sin(Function):
    def forward(self, a):
        return np.sin(a)

    def backward(self, gy):
        return gy * Cos()(self.inputs[0])


class Cos(Function):
    def forward(self, a):
        return np.cos(a)

    def backward(self, gy):
        return gy * Sin()(self.inputs[0]) * Variable(np.array(-1.0))


class SinCutOff(Sin):
    def backward(self, gy):
        return gy * Variable(np.cos(self.inputs[0].data))


class SinWrong(Sin):
    def backward(self, gy):
        return gy * Sin()(self.inputs[0])


def sum_to(a, shape):
    return SumTo(shape)(a) if a.data.shape != shape else a


Variable.__add__ = lambda self, other: Add()(self, other)
Variable.__mul__ = lambda self, other: Mul()(self, other)


class Parameter(Variable):
    pass


class Linear:
    """Lazy, as DeZero's: W is made in the first forward."""

    def __init__(self, size):
        self.W, self.b, self.size = Parameter(None), Parameter(np.zeros(size)), size

    def params(self):
        yield from (self.W, self.b)

    def __call__(self, x):
        if self.W.data is None:
            self.W.data = np.random.randn(as_variable(x).data.shape[1], self.size)  # noqa: NPY002 - as DeZero does
        return MatMul()(x, self.W) + self.b


class Model:
    def __init__(self):
        self.l1, self.l2 = Linear(4), Linear(2)

    def params(self):
        for layer in (self.l1, self.l2):
            yield from layer.params()

    def __call__(self, x):
        return self.l2(Sin()(self.l1(x)))


def test_functions_of_arrays():
    report = agrees(check(lambda x, w: Sin()(MatMul()(x, w)), Variable(x), Variable(w)), "x", "w")
    assert "the cotangent is put into the grad of the output" in said(report)
    agrees(check(lambda x, b: x * x + b, Variable(x), Variable(x[0])), "x", "b")
    agrees(check(lambda x: (Sin()(x), x * x), Variable(x)), "x")


def test_operations_themselves_on_raw_arrays():
    report = agrees(check(Sin(), x), "x")
    assert report.name == "Sin"
    assert "autodiff engine, Variable" in said(report)
    agrees(check(MatMul(), x, w), "x", "x1")
    wrong(check(SinWrong(), x), "x")


def test_wrong_operations_on_arrays():
    wrong(check(lambda x: SinWrong()(x) * x, Variable(x)), "x")
    report = check(lambda x, b: AddUnsummed()(x, b), Variable(x), Variable(x[0]))
    assert "db has shape (4, 3), but b has shape (3,)" in said(report)


def test_models_of_arrays_with_parameters_made_in_the_first_forward():
    model, state = Model(), np.random.get_state()[1].copy()  # noqa: NPY002 - the state that it must not change
    report = agrees(check(model, x), "x", "l1.W", "l1.b", "l2.W", "l2.b")
    assert "parameters l1.W, l1.b, l2.W, l2.b that it holds" in said(report)
    assert model.l1.W.data is None
    assert np.array_equal(np.random.get_state()[1], state)  # noqa: NPY002 - the same
    model(x)
    agrees(check(model, Variable(x)), "x", "l1.W", "l1.b", "l2.W", "l2.b")


def test_nothing_of_the_callers_arrays_is_changed():
    given, weights = Variable(x.copy()), Variable(w.copy())
    assert check(lambda x, w: MatMul()(x, w), given, weights)
    assert np.array_equal(given.data, x)
    assert np.array_equal(weights.data, w)
    assert given.grad is None
    assert given.creator is None


def test_the_gradient_of_the_gradient():
    report = check(lambda x: Sin()(x) * x, Variable(x), order=2)
    agrees(report, "x", "x, second order", "dout, second order")
    assert "the Hessian is symmetric" in said(report)
    assert check(SinCutOff(), x)
    wrong(check(SinCutOff(), x, order=2), "x, second order")
    with pytest.raises(TypeError, match="order=2"):
        check(lambda a: a * a, Value(2.0), order=2)


# An engine of arrays with gradients in arrays, whose backward takes the cotangent


class Tensor:
    def __init__(self, data, requires_grad=False, parents=()):
        self.data, self.requires_grad, self.parents = np.asarray(data, float), requires_grad, parents
        self.grad = np.zeros_like(self.data)

    def backward(self, grad=None):
        grad = np.ones_like(self.data) if grad is None else grad
        self.grad = self.grad + grad
        for parent, vjp in self.parents:
            if parent.requires_grad:
                parent.backward(vjp(grad))

    def exp(self, factor=1):
        out = np.exp(self.data)
        return Tensor(out, True, [(self, lambda g: factor * g * out)])

    def __mul__(self, other):
        parents = [(self, lambda g: g * other.data), (other, lambda g: g * self.data)]
        return Tensor(self.data * other.data, True, parents)


def test_a_backward_that_takes_the_cotangent():
    report = agrees(check(lambda x, y: x.exp() * y, Tensor(x), Tensor(2 * x)), "x", "y")
    assert "the cotangent is an argument of backward()" in said(report)
    wrong(check(lambda x: x.exp(factor=2), Tensor(x, requires_grad=True)), "x")


class Zeroed:
    """An engine whose gradients are values too, made by ``zero_grad()`` and lost when the data are set."""

    wrong = 1.0

    def __init__(self, data, requires_grad=False, depends_on=()):
        self._data, self.requires_grad, self.depends_on = np.asarray(data), requires_grad, depends_on
        self.grad = None
        if requires_grad:
            self.zero_grad()

    @property
    def data(self):
        return self._data

    @data.setter
    def data(self, new):
        self._data, self.grad = new, None

    def zero_grad(self):
        self.grad = Zeroed(np.zeros_like(self.data, dtype=float))

    def __mul__(self, other):
        parts = [(self, lambda grad: grad * other.data), (other, lambda grad: self.wrong * grad * self.data)]
        return Zeroed(self.data * other.data, True, [part for part in parts if part[0].requires_grad])

    def backward(self, grad=None):
        grad = Zeroed(1.0) if grad is None else grad
        self.grad.data = self.grad.data + grad.data
        for value, back in self.depends_on:
            value.backward(Zeroed(back(grad.data)))


@pytest.mark.parametrize("requires_grad", [True, False])
@pytest.mark.parametrize("wrong", [1.0, 1.1])
def test_an_engine_whose_gradients_are_values(monkeypatch, wrong, requires_grad):
    monkeypatch.setattr(Zeroed, "wrong", wrong)
    numbers = np.random.default_rng(0).normal(size=(2, 3, 2))
    report = check(lambda a, b: a * b * a, *(Zeroed(part, requires_grad) for part in numbers))
    assert (report.verdict == "agree") == (wrong == 1.0), str(report)
