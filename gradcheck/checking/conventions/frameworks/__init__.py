"""What PyTorch, JAX and autograd differentiate: ``torch_function``, ``jax_function``, ``autograd_function``.

PyTorch and JAX are asked only where the caller has imported them, and a copy is run: ``torch_kinds`` (what there is to
run), ``torch_copy``, ``torch_values``, ``torch_conduct``, ``jax_values``; ``trees`` and ``mentions`` serve the engines
too. ``second_order`` checks the gradient of the gradient.
"""
