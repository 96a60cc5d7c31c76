"""What PyTorch differentiates is checked as it is handed over: right ones agree, wrong ones do not, nothing is changed.

Every module and function here is handed over in PyTorch's usual single precision.
"""

import dataclasses
import functools
import subprocess
import sys

import numpy as np
import pytest
from reading import said

from gradcheck import check

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
nn = torch.nn


def draw(*shape, seed=3):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


x = draw(5, 4)
y = draw(5, 4, seed=4)


def agrees(report, *tensors):
    assert report, report
    assert [tensor.name for tensor in report.tensors] == list(tensors)
    return report


def wrong(report, *tensors):
    """Exactly these tensors are wrong."""
    assert not report
    assert [tensor.name for tensor in report.tensors if tensor.verdict == "disagree"] == list(tensors), report
    return report


def blamed(report, check):
    """The finding of conduct that went wrong."""
    assert not report
    return next(finding for finding in report.conduct if finding.check == check and not finding.ok)


# Modules


class Tower(nn.Module):
    """Batch norm with running statistics, dropout, a shared layer, a frozen one and a buffer."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 3), nn.Linear(3, 3)])
        self.norm, self.dropout = nn.BatchNorm1d(3), nn.Dropout(0.4)
        self.frozen = nn.Linear(3, 2).requires_grad_(False)
        self.register_buffer("scale", torch.tensor([0.5, 2.0, 1.5]))

    def forward(self, x):
        h = self.dropout(torch.tanh(self.norm(self.layers[0](x))))
        return self.frozen(self.layers[1](self.layers[1](h)) * self.scale)


def test_a_module_with_its_parameters():
    report = agrees(check(nn.Linear(4, 3), x), "input", "weight", "bias")
    assert report.name == "Linear"
    assert "torch nn.Module; parameters weight, bias in named_parameters(); double precision by a cast copy" in said(
        report
    )
    assert all(tensor.resolution < 1e-5 for tensor in report.tensors)  # single precision would not do


def test_names_and_what_is_held_constant():
    names = ["x", *(f"layers.{i}.{kind}" for i in range(2) for kind in ("weight", "bias")), "norm.weight", "norm.bias"]
    report = agrees(check(Tower(), x), *names)
    assert "frozen.weight and frozen.bias held constant (requires_grad is False)" in said(report)


def test_nothing_of_the_callers_is_changed():
    tower, given, random_state = Tower(), x.clone(), torch.get_rng_state()
    tower(x).sum().backward()
    before = {name: value.clone() for name, value in tower.state_dict().items()}
    gradients = {name: p.grad.clone() for name, p in tower.named_parameters() if p.grad is not None}
    random_state = torch.get_rng_state()
    assert check(tower, given)
    assert all(torch.equal(value, before[name]) for name, value in tower.state_dict().items())
    assert all(torch.equal(p.grad, gradients[name]) for name, p in tower.named_parameters() if p.grad is not None)
    assert torch.equal(torch.get_rng_state(), random_state)
    assert torch.equal(given, x)
    assert given.grad is None
    assert torch.get_default_dtype() is torch.float32
    assert all(p.dtype is torch.float32 for p in tower.parameters())


def test_it_is_left_alone_also_after_an_exception():
    class Fails(Tower):
        def forward(self, x):
            super().forward(x)
            raise KeyError("mine")

    module, random_state = Fails(), torch.get_rng_state()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    with pytest.raises(KeyError, match="mine"):
        check(module, x)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random_state)
    assert torch.get_default_dtype() is torch.float32


def test_evaluation_mode_and_no_grad_around_it():
    with torch.no_grad():
        agrees(check(Tower().eval(), x, wrt="x"), "x")
    assert not torch.is_inference_mode_enabled()


def test_parameters_under_two_names_are_one():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.encode, self.decode = nn.Linear(4, 4), nn.Linear(4, 4)
            self.decode.weight = self.encode.weight

        def forward(self, x):
            return self.decode(torch.sigmoid(self.encode(x)))

    agrees(check(Tied(), x), "x", "encode.weight", "encode.bias", "decode.bias")


def test_an_input_with_the_name_of_a_parameter():
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(draw(4))

        def forward(self, weight):
            return self.weight * weight

    agrees(check(Scale(), x), "weight", "self.weight")


def test_integer_inputs():
    agrees(check(nn.Embedding(6, 3), torch.tensor([[0, 2, 2], [5, 1, 0]])), "weight")
    agrees(check(nn.Embedding(6, 3, sparse=True), torch.tensor([[0, 2, 2]])), "weight")
    agrees(check(nn.functional.cross_entropy, x, torch.tensor([0, 3, 3, 1, 2])), "input")


def test_recurrent_modules_with_states_and_defaults():
    names = [f"{kind}_{gate}_l0" for kind in ("weight", "bias") for gate in ("ih", "hh")]
    agrees(check(nn.GRU(4, 2), draw(3, 2, 4)), "input", *names)
    state = (draw(1, 2, 2), draw(1, 2, 2, seed=9))
    agrees(check(nn.LSTM(4, 2), draw(3, 2, 4), state, wrt=["hx[0]", "hx[1]"]), "hx[0]", "hx[1]")


def test_hidden_states_made_in_forward():
    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.step = nn.Linear(4, 4)

        def forward(self, x):
            h = torch.zeros(4)  # in the default dtype
            for row in x:
                h = torch.tanh(self.step(h) + row)
            return h

    agrees(check(Cell(), x), "x", "step.weight", "step.bias")


def test_a_module_that_remembers_between_calls():
    class Remembers(nn.Module):
        def __init__(self):
            super().__init__()
            self.calls, self.last = 0, None

        def forward(self, x):
            self.calls += 1
            out = x * self.calls if self.last is None else x * self.last
            self.last = out
            return out

    module = Remembers()
    agrees(check(module, x), "x")
    assert module.calls == 0
    assert module.last is None


def test_lazy_modules():
    module = nn.LazyLinear(3)
    agrees(check(module, x), "input", "weight", "bias")
    assert isinstance(module.weight, nn.UninitializedParameter)


def test_control_flow_that_depends_on_the_numbers():
    class Branches(nn.Module):
        def forward(self, x, flip=False):
            total = sum(row.sin() if row.sum() > 0 else row**3 for row in x)
            return -total if flip else total

    agrees(check(Branches(), x), "x")
    agrees(check(Branches(), x, True), "x")
    agrees(check(functools.partial(Branches(), flip=True), x), "x")


@dataclasses.dataclass
class Result:
    hidden: object
    best: object
    loss: object = None


def test_inputs_and_outputs_in_containers():
    class Model(nn.Module):
        def forward(self, batch):
            h = batch["x"] * batch["scales"][0]
            return Result(h.cos(), h.argmax(dim=1), {"loss": h.pow(2).mean(), "n": 3})

    batch = {"x": x, "scales": [draw(4, seed=7)], "labels": torch.arange(5), "note": "n"}
    agrees(check(Model(), batch), "batch['x']", "batch['scales'][0]")


def test_inputs_that_require_a_gradient_are_the_ones_checked():
    report = agrees(check(nn.functional.mse_loss, x.clone().requires_grad_(), y), "input")
    assert "target held constant" in said(report)
    agrees(check(nn.functional.mse_loss, x, y), "input", "target")


def test_numpy_arrays_for_tensors():
    agrees(check(nn.Linear(4, 3), x.double().numpy()), "input", "weight", "bias")


def test_it_stays_in_single_precision_where_it_insists():
    class Single(nn.Module):
        def forward(self, x):
            return x.float() ** 2

    class Stubborn(nn.Module):
        def forward(self, x):
            return torch.mm(x, torch.ones(4, 2, dtype=torch.float32))

    for kind in (Single, Stubborn):
        report = agrees(check(kind(), x), "x")
        assert "in its own precision" in said(report)


def test_half_precision_is_checked_in_double():
    report = agrees(check(nn.Linear(4, 3).bfloat16(), x.bfloat16()), "input", "weight", "bias")
    assert all(tensor.resolution < 1e-5 for tensor in report.tensors)


def test_a_module_with_a_wrong_derivative_inside():
    class Scale(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            ctx.save_for_backward(x, w)
            return x * w

        @staticmethod
        def backward(ctx, g):
            x, w = ctx.saved_tensors
            return g * w, (g * x).mean(dim=0)  # should be the sum

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(draw(4, seed=8))

        def forward(self, x):
            return Scale.apply(x, self.w)

    wrong(check(Model(), x), "w")


# Functions


def test_functions_and_what_they_hold():
    model, target, random_state = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)), draw(5, 3), torch.get_rng_state()

    def loss(x):
        return ((model(x) - target) ** 2).mean()

    before = {name: value.clone() for name, value in model.state_dict().items()}
    report = agrees(check(loss, x), "x")
    assert report["x"].resolution < 1e-5
    assert "function of torch tensors; double precision by a cast copy" in said(report)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random_state)


def test_methods_of_a_module():
    class Model(nn.Linear):
        def loss(self, x):
            return self(x).pow(2).mean()

    agrees(check(Model(4, 3).loss, x), "x", "weight", "bias")


def test_functions_of_torch_itself():
    agrees(check(torch.sin, x), "x")
    agrees(check(torch.special.expit, x.abs().numpy()), "x")
    agrees(check(torch.nn.functional.softplus, x), "x")


def test_functions_of_complex_numbers():
    z = torch.view_as_complex(draw(3, 2))
    agrees(check(lambda z: (z * z.conj() + z**3).abs(), z), "z")
    agrees(check(lambda z: z * 1j, z), "z")


def test_what_works_in_place():
    assert "given clones" in said(agrees(check(nn.ReLU(inplace=True), x), "input"))
    agrees(check(lambda x: x.mul_(2).sin(), x), "x")


def test_a_constant_and_a_detached_output():
    report = wrong(check(lambda x: x.detach() ** 2, x), "x")
    assert "the graph does not lead to x" in said(report)
    agrees(check(lambda x, y: x * 2, x, y), "x", "y")
    assert "output[1] left out" in said(agrees(check(lambda x: (x.sin(), x.detach()), x), "x"))


def test_no_tensor_comes_out():
    with pytest.raises(TypeError, match=r"in which there is no tensor of floats; return a tensor"):
        check(lambda x: x.argmax(), x)


# autograd.Function


class Product(torch.autograd.Function):
    """x²·y with a right backward."""

    @staticmethod
    def forward(ctx, x, y):
        ctx.save_for_backward(x, y)
        return x * x * y

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return 2 * x * y * g, x * x * g


def test_a_function_class_and_its_apply():
    for thing in (Product, Product.apply):
        report = agrees(check(thing, x, y), "x", "y")
        assert report.name == "Product"
        assert "torch autograd.Function" in said(report)


def test_setup_context_and_arguments_that_are_no_tensors():
    class Power(torch.autograd.Function):
        @staticmethod
        def forward(x, n):
            return x**n

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, ctx.n = inputs
            ctx.save_for_backward(x)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return ctx.n * x ** (ctx.n - 1) * g, None

    agrees(check(Power, x, 3), "x")


def product(**replaced):
    return type("Changed", (Product,), {name: staticmethod(f) for name, f in replaced.items()})


def saved(ctx):
    return ctx.saved_tensors


def save_output(ctx, x, y):
    out = x * x * y
    ctx.save_for_backward(out, y)
    return out


def save_in_place(ctx, x, y):
    ctx.save_for_backward(x, y)
    out = x * x * y
    x.mul_(2)
    return out


WRONG = {
    "a factor": (product(backward=lambda ctx, g: (3 * saved(ctx)[0] * saved(ctx)[1] * g, saved(ctx)[0] ** 2 * g)), "x"),
    "the wrong tensor saved": (product(forward=save_output), "x y"),
    "None for what is needed": (product(backward=lambda ctx, g: (None, saved(ctx)[0] ** 2 * g)), "x"),
    "the cotangent left out": (
        product(backward=lambda ctx, g: (2 * saved(ctx)[0] * saved(ctx)[1], saved(ctx)[0] ** 2 * g)),
        "x",
    ),
    "two gradients exchanged": (
        product(backward=lambda ctx, g: Product.backward(ctx, g)[::-1]),
        "x y",
    ),
}


@pytest.mark.parametrize(("function", "tensors"), WRONG.values(), ids=WRONG)
def test_wrong_backwards(function, tensors):
    wrong(check(function, x, y), *tensors.split())


def test_a_missing_sum_over_a_broadcast_axis_and_one_over_the_wrong_axis():
    class Add(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, b):
            return x + b

        @staticmethod
        def backward(ctx, g):
            return g, g  # PyTorch sums it

    class AddWrongAxis(Add):
        @staticmethod
        def backward(ctx, g):
            return g, g.sum(dim=1)

    class AddHalf(Add):
        @staticmethod
        def backward(ctx, g):
            return g, g[0]

    agrees(check(Add, x, y[0]), "x", "b")
    wrong(check(AddHalf, x, y[0]), "b")
    report = check(AddWrongAxis, x, y[0])
    assert "PyTorch refuses what backward returned" in blamed(report, "shape").message


def test_an_input_changed_in_place_behind_autograds_back():
    report = check(product(forward=save_in_place), x, y)
    assert "forward changes x in place" in blamed(report, "mutation").message


def test_a_cotangent_changed_in_place():
    report = check(product(backward=lambda ctx, g: Product.backward(ctx, g.mul_(2))), x, y)
    assert blamed(report, "mutation").cause == "mutates-cotangent"


def test_shortcuts_by_needs_input_grad():
    def right(ctx, g):
        dx, dy = Product.backward(ctx, g)
        return dx if ctx.needs_input_grad[0] else None, dy if ctx.needs_input_grad[1] else None

    def exchanged(ctx, g):
        dx, dy = Product.backward(ctx, g)
        return dx if ctx.needs_input_grad[0] else None, dy if ctx.needs_input_grad[0] else None

    agrees(check(product(backward=right), x, y), "x", "y")
    finding = blamed(check(product(backward=exchanged), x, y), "alone")
    assert finding.tensor == "y"
    assert "ctx.needs_input_grad" in finding.message


def test_state_kept_beside_the_context():
    class Global(torch.autograd.Function):
        kept = None

        @staticmethod
        def forward(ctx, x):
            Global.kept = x.detach().clone()
            return x**2

        @staticmethod
        def backward(ctx, g):
            return 2 * Global.kept * g

    assert blamed(check(Global, x), "interleaved").cause == "stale-cache"


def test_outputs_without_a_derivative():
    class Top(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            values, index = x.max(dim=1)
            ctx.save_for_backward(index)
            ctx.mark_non_differentiable(index)
            ctx.shape = x.shape
            return values, index

        @staticmethod
        def backward(ctx, g, _):
            (index,) = ctx.saved_tensors
            return g.new_zeros(ctx.shape).scatter_(1, index[:, None], g[:, None])

    agrees(check(Top, x), "x")


class Both(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x)
        return x**2, x**3

    @staticmethod
    def backward(ctx, g, h):
        (x,) = ctx.saved_tensors
        return 2 * x * g + 3 * x**2 * h


def test_one_of_several_outputs_unused():
    def careful(ctx, g, h):
        (x,) = ctx.saved_tensors
        square, cube = (0 if g is None else 2 * x * g), (0 if h is None else 3 * x**2 * h)
        return square + cube

    agrees(check(type("Careful", (Both,), {"backward": staticmethod(careful)}), x), "x")
    assert "when only output" in blamed(check(Both, x), "one output").message


def test_a_cotangent_that_is_not_contiguous():
    def flat(ctx, g):
        return Product.backward(ctx, g.view(-1).reshape(g.shape))

    report = check(product(backward=flat), x, y)
    assert "reshape for view" in blamed(report, "contiguity").message


def test_custom_ops():
    from torch import library

    name = "gradcheck_tests::cube"
    cube = library.custom_op(name, mutates_args=())(_cube)

    def setup(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    factor = 3
    cube.register_autograd(lambda ctx, g: factor * ctx.saved_tensors[0] ** 2 * g, setup_context=setup)
    assert "torch custom op" in said(agrees(check(cube, x), "x"))
    agrees(check(torch.ops.gradcheck_tests.cube, x), "x")
    factor = 2
    wrong(check(cube, x), "x")


def _cube(x: torch.Tensor) -> torch.Tensor:
    return x**3


def test_randomness_inside():
    def noisy(x):
        return x * torch.rand_like(x) + torch.dropout(x, 0.5, True)

    random_state = torch.get_rng_state()
    agrees(check(noisy, x), "x")
    assert torch.equal(torch.get_rng_state(), random_state)
    generator = torch.Generator().manual_seed(1)
    before = generator.get_state()
    agrees(check(lambda x: x * torch.rand(x.shape, generator=generator), x), "x")
    assert torch.equal(generator.get_state(), before)


def test_the_cost_does_not_depend_on_size():
    assert check(nn.Linear(4, 3), x).evaluations <= 100
    assert check(nn.Linear(40, 30), draw(5, 40)).evaluations <= 100


def test_it_is_not_imported_for_others():
    code = (
        "import sys, numpy as np, gradcheck\n"
        "assert gradcheck.check(lambda x: np.sum(x**2), np.ones(3), grad=lambda x: 2 * x)\n"
        "assert not {'torch', 'jax'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_numpy_functions_are_none_of_its_business():
    report = check(lambda x: np.sum(x**2), np.arange(3.0), grad=lambda x: 2 * x)
    assert "torch" not in report.understood
