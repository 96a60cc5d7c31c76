"""Plain functions: ``function`` (a number and its gradient), ``value_and_gradient`` (both at once), ``pair``.

A pair is a forward and a backward; what its backward wants is told in ``reading``, and that its gradients are averages
over columns in ``samples``; in ``context`` the two are static and hand each other one. In ``attributes`` gradients are
left at the arrays themselves, ``inp.g = ...``; in ``module_arrays`` those of arrays in the module are returned.
"""
