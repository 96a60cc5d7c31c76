"""What a reader with a pencil would stumble over: one name for two things, signs, detours, reasons that are none."""

import numpy as np

from gradcheck import explain

RNG = np.random.default_rng(3)
V = RNG.permutation(np.arange(6.0)) / 2 - 1.2
M = RNG.normal(size=(3, 3)) + 3 * np.eye(3)
K = np.array([0.5, -1.0, 2.0, 0.3])


def of_the_module(x):
    return (K @ x[:4]) ** 2


def test_the_variable_itself_has_the_derivative_one():
    derivation = explain(lambda x: x, "x", {"x": 2.0})
    assert derivation.ok
    assert derivation.value == 1
    assert "the variable itself: the derivative is 1" in derivation.text()
    assert derivation.latex(form="inline").endswith("= 1")


def test_a_direct_way_is_told_from_the_whole_derivative():
    def f(x):
        y = x**2
        return x * y

    derivation = explain(f, "x", {"x": 2.0})
    assert "+ ∂f/∂x (directly)" in derivation.text()
    assert "∂f/∂x (directly)" in derivation.markdown()
    assert "<mtext>\N{NO-BREAK SPACE}(directly)</mtext>" in derivation.to_html()
    assert "(directly)" in derivation.latex(form="inline")
    assert "with respect to x, directly, is 4" in derivation.to_speech()


def test_what_is_written_as_a_whole_leaves_nothing_of_what_was_there():
    def f(x):
        y = x.copy()
        y += 1
        y *= x
        return np.sum(y)

    derivation = explain(f, "x", {"x": V})
    assert derivation.ok
    assert "assembled" not in derivation.text()
    assert [path.names for path in derivation.paths] == [("x", "y_1", "y_2", "f"), ("x", "y_2", "f")]


def test_no_reason_is_given_that_is_none():
    for f in (lambda M: np.linalg.det(M), lambda M: np.prod(M), lambda M: np.sum(np.linalg.solve(M, np.ones(3)))):
        assert "broadcast" not in explain(f, "M", {"M": M}).text()


def test_a_reason_is_about_what_it_happened_to():
    def products(M):
        return np.sum(np.maximum((M / 2) @ M[:2].T, 0))

    def outer(M):
        return np.sum(np.exp(M[:, None] * np.ones((3, 2, 1))))

    text = " ".join(explain(products, "M", {"M": M}).text().split())
    assert "each entry of (0.5 * M) @ M[:2].T took one branch only" in text
    assert "0.5 * M stood left of @ M[:2].T" in text
    assert "M[:2] stood transposed right of (0.5 * M) @" in text
    assert "entries of M were picked" in text
    choice = explain(lambda M: np.sum(np.where(M > 1, M**3, 2.0)), "M", {"M": M}).text()
    assert "each entry of M took one branch only" in choice
    assert "M > 1 took" not in choice
    assert "M was only rearranged: δ is put back into its shape" in explain(outer, "M", {"M": M}).text()


def test_an_entry_of_a_cotangent_is_told_from_the_cotangent_of_an_entry():
    def f(x):
        h = np.zeros(3)
        h[0] = x
        for t in range(1, 3):
            h[t] = np.tanh(x * h[t - 1])
        return np.sum(h**2)

    rules = [row.text for row in explain(f, "x", {"x": 1.3}).rows]
    assert "(δ_h)[1]" in rules
    assert any("δ_h[1] *" in rule for rule in rules)


def test_the_rule_adds_up_the_ways_that_the_table_adds_up():
    def loss(M):
        m = np.max(M, axis=0)
        return np.sum(np.exp(M - m))

    derivation = explain(loss, "M", {"M": M})
    rule = derivation.text().partition("Rule")[2].partition("\n\n")[0]
    first, second = rule.strip().splitlines()[-2:]
    assert first.startswith("         ∂loss/∂M (3×3) = ")
    assert first.endswith("(via m)")
    assert second.strip().startswith("+ ")
    assert second.endswith("(directly)")


def test_in_brief_the_rule_has_no_more_rows_than_the_table():
    def loss(M):
        a = np.tanh(M)
        b = np.tanh(a @ a)
        return np.sum(b)

    rule = explain(loss, "M", {"M": M}).text(detail="brief").partition("Rule")[2].partition("\n\n")[0]
    assert "δ_a (3×3) = " in rule
    assert "δ_b (3×3) = " not in rule


def test_powers_below_a_line_are_not_gathered_into_roots():
    rule = explain(lambda x: 2 / x - x**0.5, "x", {"x": 1.7}).paths[0].factors[0].rule
    assert rule == "-0.5 / x**0.5 - 2 / x**2"


def test_an_array_of_the_module_has_its_name():
    derivation = explain(of_the_module, "x", {"x": V})
    assert "K @ x[:4]" in derivation.text()
    assert "array(" not in derivation.text()


def test_an_entry_stands_among_the_numbers_as_a_number():
    def f(x):
        R = np.array([[x[0] * x[1], x[1]], [x[2], x[0]]])
        return np.sum(R**2)

    numbers = [line for line in explain(f, "x[0]", {"x": V}).text().splitlines() if "(δ_R)[0, 0]" in line]
    assert numbers
    text = explain(f, "x[0]", {"x": V}).text()
    assert "[0][0]" not in text
    assert "]][" not in text


def test_signs_stand_between_the_terms():
    def f(x, y):
        z = x * y
        return np.sum(z) - np.sum(np.exp(x))

    assert "- exp(x (6))  (directly)" in explain(f, "x", {"x": V, "y": V}).text()
    assert "- exp(x (6))" in explain(f, "x", {"x": V, "y": V}).markdown()
    assert "+ -" not in explain(f, "x", {"x": V, "y": V}).text()


def test_a_number_is_not_said_to_equal_itself():
    def f(x):
        y = 0.01 * x
        return y * np.sin(y) + y

    assert "= 0.01 = 0.01" not in explain(f, "x", {"x": 1.0}).text()


def test_the_deltas_are_numbered_without_a_gap():
    def f(x):
        y = x**2
        z = y * x
        u = z * y
        return u * z

    names = [row.delta for row in explain(f, "x", {"x": 1.1}).rows if row.delta]
    assert names == ["δ1", "δ2"]


def test_two_nameless_arrays_of_one_shape_have_two_names():
    def f(x):
        return np.sum(np.exp(x * np.arange(6)) + np.arange(6) - 2 * np.arange(6) * x + x * np.arange(1, 7))

    text = " ".join(explain(f, "x", {"x": 0.5}).text().split())
    assert "sum(exp(x * array(6)) + array(6) - array_2(6) * x + x * array_3(6))" in text


def test_a_filled_array_keeps_its_name_though_the_name_goes_to_another():
    def f(x):
        col = np.zeros((2, 3))
        for k in range(2):
            col[k] = x[k : k + 3]
        col = col.T.reshape(-1)
        return np.sum(col**2)

    text = explain(f, "x", {"x": V[:4]}).text()
    assert "col_1 " in text
    assert "reshape(col_1.T, shape=(6,))" in text


def test_what_one_number_gives_to_all_is_written_as_ones():
    assert explain(lambda x: np.sum(x, axis=-1), "x", {"x": V}).paths[0].factors[0].rule == "ones(6)"
