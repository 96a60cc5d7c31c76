"""The references by class; ``@reference(Layer)`` above a function puts it there."""

REFERENCES = {}
NOT_IN_TORCH = {}


def reference(*layer_types):
    def register(function):
        REFERENCES.update(dict.fromkeys(layer_types, function))
        return function

    return register


def no_reference(reason, *layer_types):
    """PyTorch has no such thing, for this reason."""
    NOT_IN_TORCH.update(dict.fromkeys(layer_types, reason))
