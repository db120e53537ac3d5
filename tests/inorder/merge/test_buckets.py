"""The orders that buckets are made in are those of plain sorting."""

import numpy as np
import pyarrow as pa
import pytest

from inorder.merge.buckets import bucket_of, by_code, composite, divide, ranges


@pytest.mark.parametrize("codes", [[], [0], [3, 1, 2, 1, 3], [1 << 16, 0, 1 << 16, 65535, 1 << 20, 5, (1 << 16) + 5]])
def test_codes_are_sorted_as_by_a_stable_sort(codes: list[int]) -> None:
    """Also those of more than sixteen bits."""
    given = np.array(codes, np.int32)
    assert by_code(given).tolist() == np.argsort(given, kind="stable").tolist()


@pytest.mark.parametrize("far", [1, 1 << 61])
def test_a_composite_sorts_by_the_first_then_the_second(far: int) -> None:
    """Also where the two do not fit one number."""
    major, minor = np.array([1, 0, 1, 0, 2, 1]), np.array([5, far, 0, -1, -far, 5])
    order = np.argsort(composite(major, minor), kind="stable")
    assert order.tolist() == sorted(range(6), key=lambda row: (major[row], minor[row]))


def test_ranges_are_put_one_after_another() -> None:
    """Empty ones too."""
    assert ranges(np.array([7, 0, 3]), np.array([2, 0, 3])).tolist() == [7, 8, 3, 4, 5]
    assert ranges(np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []


@pytest.mark.parametrize("buckets", [1, 3, 100, 1 << 20])
def test_rows_are_divided_by_the_bucket_of_their_name(buckets: int) -> None:
    """Each bucket has its own names, in the order given, and its rows in the order given."""
    names = [f"v{number}" for number in range(20)] + ["зоя"]
    rows = np.random.default_rng(1).integers(0, len(names), 200).astype(np.int32)
    division = divide(rows, pa.array(names), buckets)
    order = np.arange(200) if division.order is None else division.order
    for bucket in {bucket_of(name, buckets) for name in names}:
        start, end = division.bounds[bucket : bucket + 2]
        first, last = division.name_bounds[bucket : bucket + 2]
        own = division.names[first:last].to_pylist()
        assert own == [name for name in names if bucket_of(name, buckets) == bucket]
        expected = [row for row in range(200) if names[rows[row]] in own]
        assert order[start:end].tolist() == expected
        assert [own[code] for code in division.codes[start:end]] == [names[rows[row]] for row in expected]
