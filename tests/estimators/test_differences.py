"""Penalties on differences, against the matrix product that they are."""

from __future__ import annotations

import numpy as np
import pytest

from estimators.differences import difference_penalty


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("extra", [1, 2, 9])
def test_the_bands_are_those_of_the_product(order: int, extra: int) -> None:
    length = order + extra
    differences = np.diff(np.eye(length), n=order, axis=0)
    product = differences.T @ differences
    bands = difference_penalty(length, order)
    for row in range(order + 1):
        above = order - row
        np.testing.assert_array_equal(bands[row, above:], np.diagonal(product, above))
        assert not bands[row, :above].any()
