"""Shapes, types, strides and faults of arrays."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("hypothesis")

from conftest import correlated, random_books
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import vqlab
from vqlab import _arrays

BOOKS = random_books("rvq")

DTYPES = [np.float16, np.float32, np.float64, ">f4", ">f8", np.longdouble, np.int8, np.uint16, np.int64, np.bool_]


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_any_type_and_stride_gives_the_codes_of_float32(data):
    dtype = data.draw(st.sampled_from(DTYPES))
    rows = data.draw(st.integers(0, 40))
    # Whole numbers: every type holds them.
    values = data.draw(hnp.arrays(np.int8, (2 * rows, 16), elements=st.integers(0, 1 if dtype == np.bool_ else 60)))
    array = values.astype(dtype)
    view = {
        "plain": lambda a: a[:rows, :8].copy(),
        "fortran": lambda a: np.asfortranarray(a[:rows, :8]),
        "every other": lambda a: a[::2, ::2],
        "backwards": lambda a: a[:rows][::-1, 7::-1],
        "transposed": lambda a: np.ascontiguousarray(a[:rows, :8].T).T,
        "unaligned": lambda a: np.frombuffer(b"x" + a[:rows, :8].tobytes(), a.dtype, offset=1).reshape(rows, 8),
    }[data.draw(st.sampled_from(["plain", "fortran", "every other", "backwards", "transposed", "unaligned"]))](array)
    plain = np.ascontiguousarray(view, np.float32)
    codes = BOOKS.encode(view)
    np.testing.assert_array_equal(codes, BOOKS.encode(plain))
    assert codes.shape == (rows, 2)
    if rows:
        assert BOOKS.mse(view) == BOOKS.mse(plain)


@settings(deadline=None, max_examples=40)
@given(shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9))
def test_wrong_shapes_are_value_errors_that_name_the_axis(shape):
    array = np.zeros(shape, np.float32)
    if len(shape) == 2 and shape[1] == 8:
        assert BOOKS.encode(array).shape == (shape[0], 2)
        return
    with pytest.raises(ValueError, match=r"^x: .*(axis 1|expected 2 axes)"):
        BOOKS.encode(array)


@settings(deadline=None, max_examples=40)
@given(
    row=st.integers(0, 999),
    column=st.integers(0, 7),
    value=st.sampled_from([np.nan, np.inf, -np.inf, 1e300]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_the_row_of_a_bad_number_is_named(row, column, value, dtype):
    x = correlated(1000, 8).astype(dtype)
    with np.errstate(over="ignore"):
        x[row, column] = value
    named = rf"row {row}\D.*column {column}\D"
    with pytest.raises(ValueError, match="^x: " + named):
        BOOKS.encode(x)
    with pytest.raises(ValueError, match="^x: " + named):
        BOOKS.mse(x)
    with pytest.raises(ValueError, match="^x: " + named):
        vqlab.fit(x, "rvq", 1, 2, progress=False)
    with pytest.raises(ValueError, match="^x: " + named):
        vqlab.recommend(x, 4, budget=1, progress=False)
    with pytest.raises(ValueError, match="^base: " + named):
        vqlab.exact_neighbors(x, np.zeros((1, 8)))
    with pytest.raises(ValueError, match="^queries: " + named):
        vqlab.exact_neighbors(np.ones((1, 8)), x)


def test_the_row_of_a_bad_number_is_named_beyond_the_first_block(monkeypatch):
    monkeypatch.setattr(_arrays, "_BLOCK_VALUES", 80)
    x = correlated(1000, 8).astype(np.float64)
    np.testing.assert_array_equal(BOOKS.encode(x), BOOKS.encode(x.astype(np.float32)))
    assert BOOKS.mse(x) == pytest.approx(BOOKS.mse(x.astype(np.float32)))
    x[777, 3] = np.nan
    with pytest.raises(ValueError, match="row 777.*column 3"):
        BOOKS.encode(x)
    with pytest.raises(ValueError, match="row 777.*column 3"):
        BOOKS.mse(x)


@pytest.mark.parametrize("bad", [["a"], [[1j] * 8], [[None] * 8], np.zeros((1, 8), "M8[s]"), [["1"] * 8]])
def test_wrong_types_are_value_errors(bad):
    with pytest.raises(ValueError, match="dtype"):
        BOOKS.encode(bad)


def test_masked_values_are_refused():
    masked = np.ma.masked_greater(correlated(10, 8), 3)
    with pytest.raises(ValueError, match="masked"):
        BOOKS.encode(masked)


def test_float32_in_c_order_is_not_copied():
    x = correlated(100, 8)
    assert _arrays.floats(x) is x
    assert next(_arrays.blocks(x))[1] is x
    read_only = x.copy()
    read_only.flags.writeable = False
    np.testing.assert_array_equal(BOOKS.encode(read_only), BOOKS.encode(x))


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_memory_mapped_arrays(tmp_path, dtype):
    x = correlated(3000, 8).astype(dtype)
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    np.testing.assert_array_equal(BOOKS.encode(mapped), BOOKS.encode(x))
    fitted = [vqlab.fit(a, "rvq", 2, 3, sample=500, progress=False).codebooks for a in (mapped, x.astype(np.float32))]
    np.testing.assert_array_equal(*fitted)


@settings(deadline=None, max_examples=40)
@given(
    row=st.integers(0, 99),
    column=st.integers(0, 1),
    code=st.sampled_from([-1, 16, 255, 256, 70000]),
    dtype=st.sampled_from([np.int64, np.int32, np.uint8, np.uint16]),
)
def test_wrong_codes_are_named(row, column, code, dtype):
    codes = np.zeros((100, 2), dtype)
    if not np.iinfo(dtype).min <= code <= np.iinfo(dtype).max:
        return
    codes[row, column] = code
    with pytest.raises(ValueError, match=f"row {row}, column {column} holds code {code}; allowed are 0 to 15"):
        BOOKS.decode(codes)


def test_wrong_shapes_of_codes_and_queries():
    with pytest.raises(ValueError, match="axis 1 has length 3, the codebooks have 2 stages"):
        BOOKS.decode(np.zeros((5, 3), np.uint8))
    with pytest.raises(ValueError, match="dtype float64"):
        BOOKS.decode(np.zeros((5, 2)))
    with pytest.raises(ValueError, match="queries: axis 1 has length 7"):
        vqlab.exact_neighbors(np.zeros((5, 8)), np.zeros((5, 7)))
    with pytest.raises(ValueError, match="k=0"):
        vqlab.exact_neighbors(np.zeros((5, 8)), np.zeros((5, 8)), k=0)


def test_differences_that_float32_loses_are_refused():
    x = np.random.default_rng(0).standard_normal((500, 4))
    assert vqlab.fit(x + 1e4, "rvq", 1, 2, progress=False).dim == 4
    for wide in (x + 1e9, (x * 10).astype(np.int64) + 10**12):
        with pytest.raises(ValueError, match="float32 rounds these"):
            vqlab.fit(wide, "rvq", 1, 2, progress=False)
    books = vqlab.fit(x, "rvq", 1, 2, progress=False)
    # A single row has no differences that could be lost.
    assert books.encode(x[:1]).shape == (1, 1)
    assert books.encode(np.repeat(x[:1], 3, axis=0)).shape == (3, 1)
