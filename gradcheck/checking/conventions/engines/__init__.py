"""Small autodiff engines, one value or one array at a time: micrograd's ``Value``, DeZero's ``Variable``.

``engine`` runs them; ``engine_values`` knows a value when it sees one; ``engine_second_order`` takes the gradient of
those whose gradients are values too.
"""
