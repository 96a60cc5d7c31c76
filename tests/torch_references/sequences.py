"""Layers of sequences, as PyTorch has them."""

from torch.nn import functional

from gradcheck.analytic import Embedding
from torch_references.table import reference


@reference(Embedding)
def embedding(subject, p, x):
    return functional.embedding(x, p["W"])
