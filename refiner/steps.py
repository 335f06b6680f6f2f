"""K, the number of DDIM steps, and its limits; apart from `refiner.diffusion`: options need no torch."""

from __future__ import annotations

from estimators.errors import ConfigError

STEPS = 50  # T_max: the diffusion has no more steps to take


def checked_steps(count: int) -> int:
    """K, if it is one.

    Raises:
        ConfigError: it does not lie between 1 and `STEPS`.
    """
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= STEPS:
        raise ConfigError(f"The number of steps must be a whole number between 1 and {STEPS}, not {count}.")
    return count
