"""Recurrent layers, unrolled by a loop over the time steps."""

# ruff: noqa: RUF059 - what a mistake forgets stays in sight

import numpy as np

from bug_corpus.case import pair, sizes


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# A vanilla network: h[t] = tanh(x[t] U + h[t − 1] V + b)


def sequence(rng):
    N, T, D, H = sizes(rng, 4, low=3, high=6)
    return {
        "x": rng.normal(size=(N, T, D)), "h0": rng.normal(size=(N, H)), "U": 0.5 * rng.normal(size=(D, H)),
        "V": 0.5 * rng.normal(size=(H, H)), "b": rng.normal(size=H),
    }  # fmt: skip


@pair(sequence)
def vanilla_rnn(x, h0, U, V, b):
    h, hs = h0, []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ U + h @ V + b)
        hs.append(h)
    return np.stack(hs, axis=1), (x, h0, U, V, np.stack(hs, axis=1))


@vanilla_rnn.right
def vanilla_rnn_backward(dout, cache):
    x, h0, U, V, h = cache
    dx, dU, dV, db, dh = np.zeros_like(x), np.zeros_like(U), np.zeros_like(V), np.zeros_like(V[0]), np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        previous = h[:, t - 1] if t else h0
        dz = (dout[:, t] + dh) * (1 - h[:, t] ** 2)
        dx[:, t], dh = dz @ U.T, dz @ V.T
        dU += x[:, t].T @ dz
        dV += previous.T @ dz
        db += dz.sum(axis=0)
    return dx, dh, dU, dV, db


@vanilla_rnn.wrong("missing-term", "truncated", why="without the recurrent path the gradient is cut off after one step")
def recurrent_path_forgotten(dout, cache):
    x, h0, U, V, h = cache
    dx, dU, dV, db = np.zeros_like(x), np.zeros_like(U), np.zeros_like(V), np.zeros_like(V[0])
    for t in reversed(range(x.shape[1])):
        previous = h[:, t - 1] if t else h0
        dz = dout[:, t] * (1 - h[:, t] ** 2)
        dx[:, t], dh = dz @ U.T, dz @ V.T
        dU += x[:, t].T @ dz
        dV += previous.T @ dz
        db += dz.sum(axis=0)
    return dx, dh, dU, dV, db


@vanilla_rnn.wrong("overwritten")
def recurrent_weights_assigned(dout, cache):
    x, h0, U, V, h = cache
    dx, dh, dU, dV, db = vanilla_rnn_backward(dout, cache)
    dh_next = np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        previous = h[:, t - 1] if t else h0
        dz = (dout[:, t] + dh_next) * (1 - h[:, t] ** 2)
        dh_next = dz @ V.T
        dV = previous.T @ dz
    return dx, dh, dU, dV, db


@vanilla_rnn.wrong("truncated")
def only_the_last_two_steps(dout, cache):
    x, h0, U, V, h = cache
    dx, dU, dV, db, dh = np.zeros_like(x), np.zeros_like(U), np.zeros_like(V), np.zeros_like(V[0]), np.zeros_like(h0)
    T = x.shape[1]
    for t in reversed(range(T - 2, T)):
        previous = h[:, t - 1] if t else h0
        dz = (dout[:, t] + dh) * (1 - h[:, t] ** 2)
        dx[:, t], dh = dz @ U.T, dz @ V.T
        dU += x[:, t].T @ dz
        dV += previous.T @ dz
        db += dz.sum(axis=0)
    return dx, dh, dU, dV, db


@vanilla_rnn.wrong("missing-activation-derivative")
def tanh_passed_through(dout, cache):
    x, h0, U, V, h = cache
    return vanilla_rnn_backward(dout, (x, h0, U, V, np.zeros_like(h)))[:1] + vanilla_rnn_backward(dout, cache)[1:]


@vanilla_rnn.wrong("shifted", "stale-cache", why="the state used is that of the step itself, not of the one before")
def state_of_this_step_for_the_one_before(dout, cache):
    x, h0, U, V, h = cache
    dx, dh, dU, dV, db = vanilla_rnn_backward(dout, cache)
    later = vanilla_rnn_states(dout, cache)
    return dx, dh, dU, np.einsum("nth,ntk->hk", h, later), db


def vanilla_rnn_states(dout, cache):
    """The gradients at the argument of tanh, for each step."""
    x, h0, U, V, h = cache
    dz, dh = np.zeros_like(h), np.zeros_like(h0)
    for t in reversed(range(x.shape[1])):
        dz[:, t] = (dout[:, t] + dh) * (1 - h[:, t] ** 2)
        dh = dz[:, t] @ V.T
    return dz


@vanilla_rnn.wrong("transposed")
def recurrent_matrix_not_transposed(dout, cache):
    x, h0, U, V, h = cache
    dx, dh, dU, dV, db = vanilla_rnn_backward(dout, cache)
    return dx, vanilla_rnn_states(dout, cache)[:, 0] @ V, dU, dV, db


@vanilla_rnn.wrong("permuted")
def time_runs_backwards_in_dx(dout, cache):
    dx, dh, dU, dV, db = vanilla_rnn_backward(dout, cache)
    return dx[:, ::-1].copy(), dh, dU, dV, db


@vanilla_rnn.wrong("zero")
def first_state_gets_no_gradient(dout, cache):
    dx, dh, dU, dV, db = vanilla_rnn_backward(dout, cache)
    return dx, np.zeros_like(dh), dU, dV, db


@vanilla_rnn.wrong("extra-mean")
def bias_averaged_over_the_batch(dout, cache):
    dx, dh, dU, dV, db = vanilla_rnn_backward(dout, cache)
    return dx, dh, dU, dV, db / len(dx)


# One step of an LSTM; the gates i, f, o, g stand in this order


def lstm_inputs(rng):
    N, D, H = sizes(rng, 3)
    return {
        "x": rng.normal(size=(N, D)), "h": rng.normal(size=(N, H)), "c": rng.normal(size=(N, H)),
        "U": rng.normal(size=(D, 4 * H)), "V": rng.normal(size=(H, 4 * H)), "b": rng.normal(size=4 * H),
    }  # fmt: skip


@pair(lstm_inputs)
def lstm_step(x, h, c, U, V, b):
    a = x @ U + h @ V + b
    i, f, o, g = np.split(a, 4, axis=1)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    t = np.tanh(f * c + i * g)
    return o * t, (x, h, c, U, V, i, f, o, g, t)


def lstm_gates(dout, cache):
    """The gradients at the arguments of the four gates, and of the old cell."""
    x, h, c, U, V, i, f, o, g, t = cache
    dc = dout * o * (1 - t**2)
    return dc * g * i * (1 - i), dc * c * f * (1 - f), dout * t * o * (1 - o), dc * i * (1 - g**2), dc * f


def lstm_rest(gates, dc, cache):
    x, h, c, U, V, *_ = cache
    da = np.concatenate(gates, axis=1)
    return da @ U.T, da @ V.T, dc, x.T @ da, h.T @ da, da.sum(axis=0)


@lstm_step.right
def lstm_step_backward(dout, cache):
    *gates, dc = lstm_gates(dout, cache)
    return lstm_rest(gates, dc, cache)


@lstm_step.wrong("permuted")
def gates_put_together_in_another_order(dout, cache):
    i, f, o, g, dc = lstm_gates(dout, cache)
    return lstm_rest([f, i, o, g], dc, cache)


@lstm_step.wrong("permuted")
def output_gate_and_candidate_exchanged(dout, cache):
    i, f, o, g, dc = lstm_gates(dout, cache)
    dx, dh, dc, dU, dV, db = lstm_rest([i, f, o, g], dc, cache)
    return dx, dh, dc, dU, dV, np.concatenate([i, f, g, o], axis=1).sum(axis=0)


@lstm_step.wrong("missing-term", "zero", why="the columns of one gate are zero")
def forget_gate_gets_nothing(dout, cache):
    i, f, o, g, dc = lstm_gates(dout, cache)
    return lstm_rest([i, np.zeros_like(f), o, g], dc, cache)


@lstm_step.wrong("missing-activation-derivative")
def slope_of_the_candidate_forgotten(dout, cache):
    x, h, c, U, V, i, f, o, g, t = cache
    di, df, do, dg, dc = lstm_gates(dout, cache)
    return lstm_rest([di, df, do, dout * o * (1 - t**2) * i], dc, cache)


@lstm_step.wrong("missing-activation-derivative")
def slope_of_the_cell_forgotten(dout, cache):
    x, h, c, U, V, i, f, o, g, t = cache
    di, df, do, dg, dc = lstm_gates(dout, cache)
    return lstm_rest([di, df, do, dg], dout * o * f, cache)


@lstm_step.wrong("zero")
def old_cell_gets_no_gradient(dout, cache):
    *gates, dc = lstm_gates(dout, cache)
    return lstm_rest(gates, np.zeros_like(dc), cache)


@lstm_step.wrong("wrong-mask", "permuted", why="another gate of the same step multiplies the path to the old cell")
def old_cell_through_the_input_gate(dout, cache):
    x, h, c, U, V, i, f, o, g, t = cache
    *gates, dc = lstm_gates(dout, cache)
    return lstm_rest(gates, dout * o * (1 - t**2) * i, cache)


# One step of a GRU


def gru_inputs(rng):
    N, D, H = sizes(rng, 3)
    shapes = {"x": (N, D), "h": (N, H), "Uz": (D, H), "Vz": (H, H), "Un": (D, H), "Vn": (H, H)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


@pair(gru_inputs)
def gated_step(x, h, Uz, Vz, Un, Vn):
    z = sigmoid(x @ Uz + h @ Vz)
    n = np.tanh(x @ Un + h @ Vn)
    return (1 - z) * n + z * h, (x, h, Uz, Vz, Un, Vn, z, n)


@gated_step.right
def gated_step_backward(dout, cache):
    x, h, Uz, Vz, Un, Vn, z, n = cache
    da, dn = dout * (h - n) * z * (1 - z), dout * (1 - z) * (1 - n**2)
    return da @ Uz.T + dn @ Un.T, dout * z + da @ Vz.T + dn @ Vn.T, x.T @ da, h.T @ da, x.T @ dn, h.T @ dn


@gated_step.wrong("missing-term")
def direct_path_of_the_state_forgotten(dout, cache):
    dx, dh, *rest = gated_step_backward(dout, cache)
    z = cache[-2]
    return dx, dh - dout * z, *rest


@gated_step.wrong("missing-term")
def gate_path_of_the_state_forgotten(dout, cache):
    x, h, Uz, Vz, Un, Vn, z, n = cache
    dx, dh, *rest = gated_step_backward(dout, cache)
    dn = dout * (1 - z) * (1 - n**2)
    return dx, dout * z + dn @ Vn.T, *rest


@gated_step.wrong("swapped", inputs=lambda rng: {k: rng.normal(size=(5, 5)) for k in gru_inputs(rng)})
def weights_of_input_and_state_exchanged(dout, cache):
    dx, dh, dUz, dVz, dUn, dVn = gated_step_backward(dout, cache)
    return dx, dh, dVz, dUz, dUn, dVn


@gated_step.wrong("sign")
def gate_gradient_negated(dout, cache):
    dx, dh, dUz, dVz, dUn, dVn = gated_step_backward(dout, cache)
    return dx, dh, -dUz, -dVz, dUn, dVn


@gated_step.wrong("inverted-mask")
def gate_exchanged_with_its_complement(dout, cache):
    x, h, Uz, Vz, Un, Vn, z, n = cache
    dx, dh, dUz, dVz, _, _ = gated_step_backward(dout, cache)
    dn = dout * z * (1 - n**2)
    return dx, dh, dUz, dVz, x.T @ dn, h.T @ dn


# A leaky integrator: h[t] = a h[t − 1] + x[t], the decay is learned


def integrator_inputs(rng):
    N, T = sizes(rng, 2, low=4)
    return {"x": rng.normal(size=(N, T)), "a": rng.uniform(0.5, 0.9, 1)}


@pair(integrator_inputs)
def leaky_integrator(x, a):
    h, hs = np.zeros(len(x)), []
    for t in range(x.shape[1]):
        h = a * h + x[:, t]
        hs.append(h)
    return np.stack(hs, axis=1), (a, np.stack(hs, axis=1))


@leaky_integrator.right
def leaky_integrator_backward(dout, cache):
    a, h = cache
    dx, da, dh = np.zeros_like(h), 0.0, np.zeros(len(h))
    for t in reversed(range(h.shape[1])):
        dh = dout[:, t] + a * dh
        dx[:, t] = dh
        da += (dh * h[:, t - 1]).sum() if t else 0
    return dx, np.array([da])


@leaky_integrator.wrong("missing-term", "truncated", why="without the recurrent path every step stands alone")
def past_forgotten(dout, cache):
    a, h = cache
    return dout.copy(), leaky_integrator_backward(dout, cache)[1]


@leaky_integrator.wrong("truncated")
def decay_without_its_oldest_steps(dout, cache):
    a, h = cache
    dx, _ = leaky_integrator_backward(dout, cache)
    return dx, np.array([(dx[:, 3:] * h[:, 2:-1]).sum()])


@leaky_integrator.wrong(
    "permuted", "transposed", why="the Jacobian in place of its transpose: the order is not turned round"
)
def loop_runs_forwards(dout, cache):
    a, h = cache
    dx, dh = np.zeros_like(h), np.zeros(len(h))
    for t in range(h.shape[1]):
        dh = dout[:, t] + a * dh
        dx[:, t] = dh
    return dx, leaky_integrator_backward(dout, cache)[1]


@leaky_integrator.wrong("overwritten")
def decay_gradient_of_one_step(dout, cache):
    a, h = cache
    dx, _ = leaky_integrator_backward(dout, cache)
    for t in range(1, h.shape[1]):
        da = (dx[:, t] * h[:, t - 1]).sum()
    return dx, np.array([da])


@leaky_integrator.wrong("shifted")
def decay_gradient_with_the_state_of_the_same_step(dout, cache):
    a, h = cache
    dx, _ = leaky_integrator_backward(dout, cache)
    return dx, np.array([(dx * h).sum()])


@leaky_integrator.wrong("accumulated")
def decay_gradients_of_all_calls(dout, cache, total=[0.0]):  # noqa: B006 - the mistake
    dx, da = leaky_integrator_backward(dout, cache)
    total[0] = total[0] + da
    return dx, np.array(total[0])
