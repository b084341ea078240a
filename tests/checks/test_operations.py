"""Operations, dtypes and forms that a check knows by name: for each of them there is a use that needs it."""

import contextlib

import numpy as np
import pytest
import torch

from nin_course.checks import _away, _calling, _computes, _read
from nin_course.checks._away import DEVICE, away, home

A, B, V = torch.ones(1, 2, 2), torch.ones(1, 2, 2), torch.ones(2)

MULTIPLIED = {
    "mm": lambda: A[0] @ B[0],
    "addmm": lambda: torch.addmm(V, A[0], B[0]),
    "bmm": lambda: torch.bmm(A, B),
    "baddbmm": lambda: torch.baddbmm(A, A, B),
    "mv": lambda: A[0] @ V,
    "addmv": lambda: torch.addmv(V, A[0], V),
    "dot": lambda: V @ V,
}


@pytest.mark.parametrize("name", [*MULTIPLIED])
def test_each_way_to_multiply_counts_as_one_product(name):
    assert set(MULTIPLIED) == set(_calling.PRODUCTS)
    assert _calling.products(MULTIPLIED[name]) == 1


class Weighs(torch.nn.Module):
    """Multiplies by its weight in some way."""

    def __init__(self, way):
        super().__init__()
        self.weight, self.way = torch.nn.Parameter(torch.ones(1, 2, 2)), way

    def forward(self, X):
        return self.way(X, self.weight)


OF_NETWORKS = {
    "convolution": lambda X, w: torch.conv1d(X, w.mT),
    "mm": lambda X, w: X[0] @ w[0],
    "addmm": lambda X, w: torch.addmm(V, X[0], w[0]),
    "bmm": torch.bmm,
}


@pytest.mark.parametrize("name", [*OF_NETWORKS])
def test_each_way_to_use_a_networks_weight_is_noted(name):
    assert set(OF_NETWORKS) == {op.__name__ for op in _computes.PRODUCTS}
    net = Weighs(OF_NETWORKS[name])
    with torch.no_grad(), _computes.Products(net, images=1) as products:
        net(A)
    assert [found[0] for found in products.found] == [net.weight.untyped_storage().data_ptr()]


CASTS = {
    "by its name": lambda X, dtype: getattr(X, {"float32": "float", "float16": "half"}.get(dtype, dtype))(),
    "to": lambda X, dtype: X.to(getattr(torch, dtype)),
    "to dtype=": lambda X, dtype: X.to(dtype=getattr(torch, dtype)),
    "type": lambda X, dtype: X.type(getattr(torch, dtype)),
    "made": lambda X, dtype: X + torch.full(X.shape, 1e-9, dtype=getattr(torch, dtype)),
}


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("cast", CASTS)
def test_a_network_computes_in_double_precision_however_it_asks_for_another(cast, dtype):
    net, X = torch.nn.Identity(), torch.full((1, 1), 1 / 3, dtype=torch.float64)
    net.forward = lambda X: CASTS[cast](X, dtype)
    found = _computes.InDouble(net)(X)
    assert found.dtype is torch.float64
    assert found.item() == pytest.approx(1 / 3 + 1e-9 * (cast == "made"), abs=1e-12)


@pytest.mark.parametrize("stops", [False, True])
def test_after_a_network_in_double_precision_nothing_else_is(stops):
    net, X = torch.nn.Identity(), torch.ones(1, 1, dtype=torch.float64)
    net.forward = lambda X: 1 / 0 if stops else torch.ones(1)
    with contextlib.suppress(ZeroDivisionError):
        assert _computes.InDouble(net)(X).dtype is torch.float64
    assert torch.ones(1).dtype is torch.float32


def put(X, places, value):
    X[places] = value
    return X


THERE = {  # what is done with (0, 1, 2) that is away -> what it gives at home
    "copy_": (lambda X: X.copy_(torch.ones(3)), [1, 1, 1]),
    "index": (lambda X: X[torch.tensor([2, 0])], [2, 0]),
    "index_put": (lambda X: X.index_put((torch.tensor([1]),), X[:1]), [0, 0, 2]),
    "index_put_": (lambda X: put(X, torch.tensor([1]), X[0].clone()), [0, 0, 2]),
    "tolist": (lambda X: X.tolist(), [0, 1, 2]),
    "__repr__": (lambda X: repr(X[1:]), "tensor([1., 2.])"),
    "__format__": (lambda X: f"{X[2]:.1f}", "2.0"),
    "tensor": (lambda X: torch.tensor([7.0], device=DEVICE), [7]),
    "as_tensor": (lambda X: torch.as_tensor([7.0], device=DEVICE), [7]),
    "asarray": (lambda X: torch.asarray([7.0], device=DEVICE), [7]),
}


@pytest.mark.parametrize("name", THERE)
def test_each_operation_that_meets_two_devices_or_a_number_gives_what_it_gives_here(name):
    known = (_away.CROSSING, _away.INDEXING, _away.BROUGHT_BACK, _away.FROM_NUMBERS)
    assert set(THERE) == {op.__name__ for some in known for op in some}
    does, wanted = THERE[name]
    with away():
        found = does(torch.arange(3.0).to(DEVICE))
        assert not isinstance(found, torch.Tensor) or found.device == DEVICE
        found = home(found)
    assert (found.tolist() if isinstance(found, torch.Tensor) else found) == wanted


FORMS = {
    "sparse": torch.Tensor.to_sparse,
    "in rows": torch.Tensor.to_sparse_csr,
    "quantised": lambda X: torch.quantize_per_tensor(X, 0.5, 0, torch.qint8),
    "array": torch.Tensor.numpy,
    "list of arrays": lambda X: [*X.numpy()],
    "values": lambda X: dict(enumerate(X)).values(),
} | {str(dtype): dtype for dtype in (torch.half, torch.bfloat16, torch.uint8, torch.long, torch.bool)}
FORMS |= {f"array of {kind}": np.dtype(kind) for kind in "?Bile"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", FORMS)
def test_numbers_are_read_in_whatever_form_they_come(form):
    X, form = torch.eye(2), FORMS[form]
    value = X.to(form) if isinstance(form, torch.dtype) else None
    value = X.numpy().astype(form) if isinstance(form, np.dtype) else form(X) if value is None else value
    assert _read.tensor(value).tolist() == X.tolist()


@pytest.mark.parametrize("value", [
    True, np.True_, torch.tensor(True), np.array(True), [True], (np.array([True]),), [[torch.tensor(False)]],
])  # fmt: skip
def test_true_is_no_number_in_whatever_form_it_comes(value):
    with pytest.raises(_read.Wrong, match="a number is wanted; this is "):
        _read.number(value)
