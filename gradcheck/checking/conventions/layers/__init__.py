"""Layer objects, from the methods in to where the gradients are: ``layer``, on top of ``layer_subject``.

* Its methods: ``methods`` (their names), ``plan`` (how backward is called), ``awaiting`` (set up first, by
  ``stand_ins``).
* Its arrays: ``places`` (every array an object holds), ``rehearsal`` (one run, to see which are left alone and which
  are written), ``history`` (what grows with each forward).
* The gradients: ``homes`` (where they are, in which order they are looked for), with ``parameters``, ``input_homes``,
  ``order`` (those returned without names), ``steps`` (those that went into a step), ``reduction`` (of an array of
  values: of the sum, the mean, or each entry). Layers that leave them at the arrays, ``inp.g``, are in ``attributes``.
"""
