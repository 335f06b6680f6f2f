"""What differs between the releases of PyAV that work here (17.1 to 19), in one place."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av

# Names and titles in a file may be no UTF-8. From PyAV 19 on they never fail; before, only if one asked for it.
READ_ANY_TEXT: dict[str, Any] = {} if int(av.__version__.split(".")[0]) >= 19 else {"metadata_errors": "replace"}


def as_fraction(value: Any) -> Fraction | None:
    """A rate, time base or aspect as PyAV gives it; None if it is not set.

    From PyAV 19 on these are `AVRational`, whose arithmetic rounds to 32 bits,
    and what is not set is 0/1 or n/0, not None.
    """
    if value is None or not value.numerator or not value.denominator:
        return None
    return Fraction(value.numerator, value.denominator)
