"""What an argument of a given name may be, in a given layout: the best guess first.

The names are those in use wherever networks are written by hand. A function of a few lines says what each stands for;
the tables at the end say which names do. The first pattern that fits the whole name, in lower case, counts.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcheck.checking.modules.argument import Argument
from gradcheck.checking.modules.exercises import SLOPE, USERS, WORDS, applied, attended, rated, slope_of
from gradcheck.checking.modules.source import Source
from gradcheck.checking.modules.specs import (
    Axes,
    Fixed,
    Floats,
    Labels,
    Length,
    Mask,
    OneHot,
    Shape,
    Spec,
)
from gradcheck.checking.modules.worlds import World

Guess = Callable[[Argument, World, Source], list[Spec]]


def _data(argument: Argument, world: World, source: Source) -> list[Spec]:
    """The input: indices only where the code indexes with it, or looks words up."""
    if argument.plain == "y" and any(map(USERS.fullmatch, argument.beside)):
        return rated(argument, world, source)
    if argument.plain in ("features", "images") and "captions" in argument.beside:
        return [Floats(("N", "D"))]
    indexes = re.search(rf"\[\s*(self\.)?{re.escape(argument.name)}\s*\]|\[\w+\[[^\]]*\]\]", source.text)
    tokens: list[Spec] = [Labels(axes, "V") for axes in dict.fromkeys((world.data[:1], world.data[:2]))]
    if re.search(r"vocab_size|embed", source.text, re.I):
        return [*tokens, Floats(world.data)]
    return [Floats(world.data), *(tokens if indexes else [])]


_BESIDE_A_STATE = re.compile(
    r"((concatenate|[hv]stack)\(\s*[\[(]|np\.[rc]_\[)\s*(a_?prev|h_?prev|prev_?h|h|xt?|x_t)\s*,", re.I
)


def _weight(argument: Argument, world: World, source: Source) -> list[Spec]:
    found: list[Spec] = [Floats(world.weight)]
    if _BESIDE_A_STATE.search(source.text):
        found.insert(0, Floats(tuple("H+D" if axis == "D" else axis for axis in world.weight)))
    scale = world.scale if world.scale != ("1",) else ("D",)
    if re.search(r"embed", source.text[:400], re.I):
        found.insert(0, Floats(("V", "D")))
    return [*found, Floats(world.weight[::-1]), Floats(scale), Floats((world.inn, world.out))]


def _previous(argument: Argument, world: World, source: Source) -> list[Spec]:
    """What the layer before made, or beside an input what the step before left."""
    beside_an_input = any(other.lower() in ("x", "xt", "x_t") for other in argument.beside)
    return _state(argument, world, source) if beside_an_input else _data(argument, world, source)


def _from_states(argument: Argument, world: World, source: Source) -> list[Spec]:
    if argument.plain == "v" and "k" in map(str.lower, argument.beside):
        return [Floats(("N", "T", "D"))]
    in_columns = world.weight[0] == "H"
    return [Floats(("V", "H") if in_columns else ("H", "V")), Floats(world.weight), Floats(world.data)]


def _flat(axes: Axes) -> Axes:
    return tuple(axis for axis in axes if axis != "1")


def _bias(argument: Argument, world: World, source: Source) -> list[Spec]:
    (out,) = _flat(world.bias) or ("1",)
    options = dict.fromkeys([world.bias, (out,), ("1", out), (out, "1"), ("1", "1", "1", out)])
    rank = source.ranks.get(argument.name, 0)
    return [Floats(axes) for axes in sorted(options, key=lambda axes: rank not in (0, len(axes)))]


def _scale(argument: Argument, world: World, source: Source) -> list[Spec]:
    (inn,) = _flat(world.scale) or ("1",)
    middle: list[Spec] = [Floats((inn,)), Floats(("1", inn)), Floats((inn, "1")), Floats(("1", inn, "1", "1"))]
    return [Floats(world.scale), *middle] if not argument.made else [*middle, Length(inn)]


def _state(argument: Argument, world: World, source: Source) -> list[Spec]:
    many = Floats(("N", "T", "H"))
    alone: list[Spec] = [Floats(("H", "1"))] if re.search(r",\s*1\)\)", source.text) else []  # np.zeros((n, 1))
    both = [many, Floats(world.state)] if argument.plain.endswith("s") else [Floats(world.state), many]
    return [*both, *alone]


def _layers(argument: Argument, world: World, source: Source) -> list[Spec]:
    """The lengths of several layers: of the hidden ones beside those of input and output, else of all; or layers."""
    from gradcheck.checking.conventions.layers.stand_ins import Scaling

    hidden, every = Shape(("H", "M"), listed=True), Shape((world.inn, "H", world.out), listed=True)
    inner = "hidden" in argument.plain or any("input" in other or "out" in other for other in argument.beside)
    made: list[Spec] = (
        [Fixed([Scaling(0.5), Scaling(0.8)])] if re.search(r"\.(forward|backward)\b", source.text) else []
    )
    return [hidden, every, *made] if inner else [every, hidden, *made]


def _contexts(argument: Argument, world: World, source: Source) -> list[Spec]:
    return [Labels(("N", "T"), "V"), OneHot(("N", "T", "V"))]


_CORPUS = np.random.default_rng(0).permutation(np.arange(36) % 9)  # every word of the vocabulary, several times


def _fixed(*values: Any) -> Guess:
    return lambda argument, world, source: [Fixed(value) for value in values]


def _length(*axes: str) -> Guess:
    def guess(argument: Argument, world: World, source: Source) -> list[Spec]:
        return [Length(getattr(world, axis, axis)) for axis in axes]

    return guess


def _input_shape(argument: Argument, world: World, source: Source) -> list[Spec]:
    batch = world.data.index("N") if "N" in world.data else None
    one = tuple(axis for i, axis in enumerate(world.data) if i != batch)
    found: list[Spec] = [Shape(one), Shape(world.data)]
    return [*found, Length(one[0])] if len(one) == 1 else found


def _array_or_length(argument: Argument, world: World, source: Source) -> list[Spec]:
    return [Floats(world.weight), Length(world.out)]


def _kernel(argument: Argument, world: World, source: Source) -> list[Spec]:
    """A kernel's size, or the kernel."""
    full: list[Spec] = [Shape(world.weight)] if argument.plain in ("kernel", "kernel_shape") else []
    pair: list[Spec] = [Fixed((2, 2)), Fixed((3, 2))] if argument.plain.startswith("pool") else [Fixed((3, 3))]
    number: list[Spec] = [Fixed(2), Fixed(3)] if "pool" in source.text[:200].lower() else [Fixed(3), Fixed(2)]
    wants_pair = argument.plain.endswith(("shape", "dims")) or isinstance(argument.default, tuple)
    return full + (pair + number if wants_pair else number + pair)


def _optimizer(argument: Argument, world: World, source: Source) -> list[Spec]:
    from gradcheck.checking.conventions.layers.stand_ins import optimizer

    return [Fixed(optimizer)]


def _initializer(argument: Argument, world: World, source: Source) -> list[Spec]:
    from gradcheck.checking.conventions.layers.stand_ins import small_numbers

    return [Fixed(small_numbers), Fixed("random"), Fixed("xavier"), Fixed("normal")]


def _word(argument: Argument, world: World, source: Source) -> list[Spec]:
    return [*(Fixed(word) for word in ("tanh", "sigmoid", "relu", None)), Fixed(np.tanh)]


_SHARED: list[tuple[str, Guess]] = [
    (r"conv_stride|strides?|step|s|stride_?[hwxy]|[hwxy]_?stride|s[hw]", _fixed(1, (1, 1), 2, (2, 2))),
    (r"pad|padding|pads|p(ad)?_?[hwxy]|zero_padding", _fixed(0, 1, (0, 0), (1, 1), "same", "valid")),
    (r"dilation|dilate|dilations|d_rate", _fixed(1, (1, 1), 0)),
    (r"pool_?(size|shape|dims?)?|pool_?[hwxy]|pool_(height|width)|window(_size)?", _kernel),
    (r"(kernel|filter|conv|field|k)_?(size|shape|dims?|[hw]|height|width)|ksize|kernel|k|size", _kernel),
    (r"groups?|n_?groups|num_groups|g|(n_|num_)?heads?", _fixed(2, 1)),
    (r"(lr|learning_rate|eta|rate_of_learning|step_size)", _fixed(0.1)),
    (r"(\w*_)?(reg|lambda\w*|lambd|weight_decay|l1|l2|decay|reg_strength|regularization)(_\w+)?", _fixed(0.1)),
    (r"(dropout|drop|keep)?_?(p|prob|ratio|rate|keep_prob|probability|proba)|dropout|dropout_p|p_drop", _fixed(0.5)),
    (
        r"eps|epsilon|momentum|rho|alpha|slope|negative_slope|leak|delta|margin|tau|temperature|smoothing|beta[12]",
        _fixed(0.3),
    ),
    (r"mode|phase", _fixed("train")),
    (r"(is_?)?train(ing)?(_?fl?a?g|_mode|_phase)?|retain_\w+|training|is_train", _fixed(True)),
    (r"seed|random_state|rng_seed", _fixed(0)),
    (r"rng|generator|random", _fixed(0)),
    (r"(\w*_)?optimi[sz]er|optim|opt|solver", _optimizer),
    (r"(\w*_)?(init|initiali[sz]er|initiali[sz]ation|init_method|weights?_init|w_init|b_init|filler)", _initializer),
    (SLOPE.pattern, slope_of),
    (r"(\w*_)?(activation\w*|act(_fn|_func|_type)?|nonlin\w*|activ\w*|func|function|fn)|f", applied(_kernel, _word)),
    (r"bias|use_bias|with_bias|include_bias|fit_intercept", _fixed(True)),
    (r"dtype", _fixed(np.float64)),
    (r"axis|dim", _fixed(1, -1, 0)),
    (r"name|layer_name|scope", _fixed("layer")),
    (r"classes|n_?class(es)?|num_?class(es)?|k_classes", _length("out", "inn")),
]

MADE: list[tuple[str, Guess]] = [
    (r"(word|char|token|w)_?(to|2)_?(idx|id|ix|index)", _fixed(WORDS)),
    (r"corpus", _fixed(_CORPUS)),
    (r"(window|sample|negative)_size|n_?negatives?|n_samples_neg", _fixed(2)),
    (
        r"\w*_list|(hidden_)?(layers?|units)_?(sizes?|dims?|list)|hidden_(sizes|layers|dims)|layers|sizes|dims|topology|architecture|layer_dimensions|layer_nodes|nodes_per_layer",
        _layers,
    ),
    (r"w|ws|weights?|weight_matrix|w\d|wx\w*|w_?x\w*|wxh|u|params_w|kernels?_w|filters_w", _weight),
    (r"wh\w*|w_?h\w*|whh|w_recurrent|recurrent_weights?", lambda a, w, s: [Floats(w.recurrent), Floats(w.weight)]),
    (r"b|bs|bias(es)?(?<!bias)|b_\w|b\d|bh|bx|bo", _bias),
    (r"bias", lambda a, w, s: [Fixed(True), *_bias(a, w, s)] if isinstance(a.default, bool) else _bias(a, w, s)),
    (r"gamma|beta|scale|shift", _scale),
    (r"(n|num|number_of|dim)_?(of_)?(in|inputs?|visible|features_in|in_features)\w*", _length("inn", "out")),
    (
        r"(in|input|inp|prev|previous|i|last|n_prev)_?(size|dims?|dimensions?|features?|channels?|units|nodes|nums?|planes|depth|length|len|neurons|c)?|fan_in|nin|ninputs?|d_?in|c_?in|inc|in_c|idim|prev_layer\w*|input_num|depth|n_?i",
        _length("inn", "out"),
    ),
    (r"(n|num|number_of|dim)_?(of_)?(out|outputs?|units?|neurons?|nodes|filters?|kernels?)\w*", _length("out", "inn")),
    (
        r"(out|output|outp|o|next)_?(size|dims?|dimensions?|features?|channels?|units|nodes|nums?|planes|depth|length|len|neurons|c)|out|output|fan_out|nout|noutputs?|d_?out|c_?out|outc|odim|units?|filters?|neurons|nodes|n_?o|output_num|kernels|feature_maps",
        _length("out", "inn"),
    ),
    (
        r"(n_?|num_?)?hidd?en(s|_?(size|dims?|units|nodes|features|channels|layer_size|num|neurons))?|n_?h|h_?(size|dim)|nhid|hdim|rnn_size|state_size|num_units|latent_(dim|size)",
        _length("H", "inn"),
    ),
    (
        r"(v|vocab(ulary)?|voc|dict(ionary)?|num_?embeddings?|n_?vocab|num_tokens|n_tokens)_?(size|len|length)?|vocab_\w+|num_embeddings",
        _length("V"),
    ),
    (
        r"(embed|embedding|emb|word_?vec|wordvec|d_?model|model|e)_?(size|dims?|dimension|len)?|dim_?model|d_?k|d_?v|key_dim",
        _length("D", "inn"),
    ),
    (
        r"(seq(uence)?_?(len|length)?|time_?steps?|n_?steps|max_len|t|block_size|context_length|n_?timesteps)",
        _length("T"),
    ),
    (r"batch_?(size)?|n_?batch|m|bs|n_?samples", _length("N")),
    (
        r"num_?features?|n_?features?|features?|channels?|n_?channels?|num_?channels|c|dims?|dimension|d|size|n|num|normalized_shape|ndim|width|in_out",
        _length("inn", "out"),
    ),
    (
        r"input_?(shape|dims|dim)|in_?shape|inputs?_size|x_?shape|shape|input_dimension|inp_shape|data_shape|normalized_shape",
        _input_shape,
    ),
    (r"(out(put)?|target|new)_?shape", _input_shape),
    *_SHARED,
]

PASSED: list[tuple[str, Guess]] = [
    (USERS.pattern, _length("U")),
    (r"(n|num|no)_?(movies|items|products|articles)|nm", _length("I")),
    (r"(n|num|no)_?features", _length("D")),
    (r"r", rated),
    (r"captions?", lambda a, w, s: [Labels(("N", "T"), "V")]),
    (r"[qk]|quer(y|ies)|keys?", attended(_kernel)),
    (r"contexts?", _contexts),
    (r"w_?hh?\d*|whh|w_?h_?\w?|u|weights?_h\w*|recurrent\w*", lambda a, w, s: [Floats(w.recurrent), Floats(w.weight)]),
    (r"w_?hy|why|w_?y\w*|w_?vocab|v", _from_states),
    (r"nn_?\w*params\w*|params?|parameters|x0|unrolled\w*", lambda a, w, s: [Floats(("P",)), Floats(w.data)]),
    (r"(input|in)_?(layer)?_?(size|dims?|units)|n_?in", _length("inn")),
    (r"(hidden)_?(layer)?_?(size|dims?|units)|n_?hidden", _length("H")),
    (r"(output|out)_?(layer)?_?(size|dims?|units)|n_?out|(n|num)_?(labels|classes|outputs)", _length("out")),
    (r"a_?prev|prev_a", _previous),
    (r"w\w{0,2}|\w*weights?\w*|kernels?|filters?|theta\w*|w\d", _weight),
    (r"b\w?|bias\w*|b\d|b_\w+|intercept", _bias),
    (r"gamma|beta|scale|shift", _scale),
    (
        r"(prev_?)?[hs](_?prev|0|_?t|_?in|_?next|_?last|_?t_1|_?tm1|s)?|hidden\w*|\w*state\w*|(prev|previous|init\w*)_?[hs]\w*|a_?0",
        _state,
    ),
    (r"c(_?prev|0|_?t|_?in)?|(prev|previous|init\w*)_?c\w*|cell\w*", _state),
    (r"mask\w*", lambda a, w, s: [Mask(w.data[:-1]), Mask(w.data)]),
    (
        r"(\w+_)?(idx|ind|index|indices|ids|words|tokens|word)",
        lambda a, w, s: [Labels(("N",), "V"), Labels(("N", "T"), "V")],
    ),
    (r"running_\w+|moving_\w+", lambda a, w, s: [Floats(w.scale, "positive")]),
    (r"\w*var(iance)?|std|sigma", lambda a, w, s: [Floats(w.scale, "positive"), Floats(w.data, "positive")]),
    (r"input_?(shape|dims|dim)|x_?shape|shape|in_?shape", _input_shape),
    (
        r"(x|a|z|inp|inputs?|data|images?|img|imgs|features?|xs|tensor|batch|embeddings?|scores?|logits?|layer_input|input_data|in_data|activations?_prev|input_tensor|input_?x|y_?(pred|hat|p)\w*|pred\w*|probs?|outputs?|al|y|t|prev_activation\w*|values?|vec|vector|num)\d*",
        _data,
    ),
    *[pair for pair in _SHARED if pair[0] not in ("axis|dim",)],
]
