"""The NSVQ layer for PyTorch."""

from __future__ import annotations

import copy
import io

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import vqlab.torch as layer
from vqlab.torch import NSVQ, _Substitute

METHODS = ("avq", "rvq", "pvq")


def quantizer(method: str, **arguments) -> NSVQ:
    torch.manual_seed(1)
    module = NSVQ(**({"method": method, "dim": 6, "stages": 3, "bits": 2, "beam": 4} | arguments))
    with torch.no_grad():
        module.codebooks.normal_()
    return module


def plain(x, codebooks, chosen, noise, method):
    """The formula, as autograd sees it."""
    words = codebooks.flatten(0, 1)[chosen]
    q = words.flatten(1) if method == "pvq" else words.sum(1)
    length = (x - q).square().sum(1, keepdim=True).sqrt()
    return x + length * noise / noise.square().sum(1, keepdim=True).sqrt()


@pytest.mark.parametrize("method", METHODS)
def test_gradients_are_those_of_autograd_of_the_plain_formula(method):
    module = quantizer(method).double()
    x = torch.randn(20, 6, dtype=torch.float64, requires_grad=True)
    chosen, noise, weights = module._assign(x), torch.randn(20, 6).double(), torch.randn(20, 6).double()
    outputs = {
        "ours": _Substitute.apply(x, module._reconstruct(chosen), noise),
        "plain": plain(x, module.codebooks, chosen, noise, method),
    }
    torch.testing.assert_close(outputs["ours"], outputs["plain"])
    of = [torch.autograd.grad((y * weights).sum(), [x, module.codebooks]) for y in outputs.values()]
    for ours, expected in zip(*of, strict=True):
        torch.testing.assert_close(ours, expected)
        assert expected.abs().sum() > 0
    inputs = (x, module._reconstruct(chosen).detach().requires_grad_(), noise)
    assert torch.autograd.gradcheck(_Substitute.apply, inputs)


@pytest.mark.parametrize("method", METHODS)
def test_the_layer_is_the_formula_with_noise_of_torch(method):
    module, x = quantizer(method), torch.randn(4, 5, 6)
    torch.manual_seed(7)
    y = module(x)
    torch.manual_seed(7)
    noise = torch.randn(20, 6)
    expected = plain(x.reshape(20, 6), module.codebooks, module._assign(x.reshape(20, 6)), noise, method)
    torch.testing.assert_close(y.reshape(20, 6), expected)
    # In evaluation: the vectors of the codes, by the same search as that of the codebooks.
    module.eval()
    codes = module.codes(x)
    assert codes.shape == (4, 5, 3)
    torch.testing.assert_close(module(x), module.decode(codes))
    books = module.to_codebooks()
    flat = x.reshape(20, 6).numpy()
    search = {"search": "beam"} if method == "avq" else {}
    np.testing.assert_array_equal(books.encode(flat, **search), codes.reshape(20, 3).numpy())
    torch.testing.assert_close(torch.from_numpy(books.decode(books.encode(flat, **search))), module(x).reshape(20, 6))


def test_an_error_of_zero_has_finite_gradients():
    module = quantizer("rvq", stages=1)
    x = module.codebooks.detach()[0].clone().requires_grad_()
    y = module(x)
    torch.testing.assert_close(y, x)
    y.sum().backward()
    torch.testing.assert_close(x.grad, torch.ones_like(x))
    torch.testing.assert_close(module.codebooks.grad, torch.zeros_like(module.codebooks))


def test_cpu_tensors_are_read_without_a_copy(monkeypatch):
    module, x = quantizer("rvq"), torch.randn(8, 6)
    seen = []
    native = layer._native.assign
    monkeypatch.setattr(layer._native, "assign", lambda *a: (seen.extend(a[1:3]), native(*a))[1])
    module(x)
    assert seen[0].ctypes.data == module.codebooks.data_ptr() and seen[1].ctypes.data == x.data_ptr()


def test_unused_codewords_are_replaced_by_used_ones():
    module = quantizer("rvq", stages=2, bits=3)
    assert module.replace_unused() == 0 and torch.isnan(module.perplexity).all()
    x = module.codebooks.detach()[0][:2] + module.codebooks.detach()[1][:1]
    x = x.repeat(10, 1)
    module(x)
    used = module.counts.reshape(2, 8) > 0
    assert (module.perplexity >= 1 - 1e-9).all() and (module.perplexity <= used.sum(1) + 1e-9).all()
    before = module.codebooks.detach().clone()
    assert module.replace_unused() == int((~used).sum()) > 0
    after = module.codebooks.detach()
    torch.testing.assert_close(after[used], before[used])
    for stage in range(2):
        sources = before[stage][used[stage]]
        for word in after[stage][~used[stage]]:
            assert (word - sources).norm(dim=1).min() < 1e-6
    assert module.batches == 0 and module.counts.sum() == 0


def test_perplexity_of_equally_used_codewords_is_their_number():
    module = quantizer("rvq", stages=1, bits=3)
    module(module.codebooks.detach()[0].repeat(5, 1))
    torch.testing.assert_close(module.perplexity, torch.tensor([8.0], dtype=torch.float64))


def test_training_lowers_the_error():
    torch.manual_seed(3)
    x = torch.randn(1000, 6) * torch.tensor([4.0, 2, 1, 1, 0.5, 0.5])
    module = NSVQ("avq", dim=6, stages=2, bits=4, beam=4)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.05)
    for step in range(150):
        optimizer.zero_grad()
        (module(x) - x).square().mean().backward()
        optimizer.step()
        if step in (20, 40, 60):
            module.replace_unused()
    module.eval()
    fitted = vqlab_mse(x)
    assert (module(x) - x).square().mean() < 1.5 * fitted


def vqlab_mse(x) -> float:
    import vqlab

    return vqlab.fit(x.numpy(), "rvq", 2, 4, progress=False).mse(x.numpy())


def test_it_is_saved_copied_and_moved_like_other_modules():
    module, x = quantizer("pvq"), torch.randn(9, 6)
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    other = quantizer("pvq", threads=1)
    with torch.no_grad():
        other.codebooks.zero_()
    other.load_state_dict(torch.load(file))
    for same in (other, copy.deepcopy(module)):
        torch.testing.assert_close(same.codes(x), module.codes(x))
    assert "method='pvq', dim=6, stages=3, bits=2" in repr(module)
    half = module.to(torch.bfloat16).eval()
    assert half(x.to(torch.bfloat16)).dtype == torch.bfloat16
    assert module(torch.zeros(0, 6, dtype=torch.bfloat16)).shape == (0, 6)


def test_wrong_arguments_are_refused():
    for arguments, message in [
        ({"method": "lsq"}, "not 'lsq'"),
        ({"method": "pvq", "stages": 4}, "not divisible"),
        ({"bits": 17}, "bits=17"),
        ({"method": "avq", "stages": 17}, "17 stages"),
        ({"method": "avq", "beam": 0}, "beam width of 0"),
    ]:
        with pytest.raises(ValueError, match=message):
            NSVQ(**({"method": "rvq", "dim": 6, "stages": 3, "bits": 2} | arguments))
    module = quantizer("rvq")
    with pytest.raises(ValueError, match="axis -1"):
        module(torch.zeros(3, 5))
    with pytest.raises(ValueError, match="dtype torch.int64"):
        module(torch.zeros(3, 6, dtype=torch.int64))
    with pytest.raises(ValueError, match="row 1, column 0 holds NaN"):
        module(torch.tensor([[0.0] * 6, [float("nan")] * 6]))
