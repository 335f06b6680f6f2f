"""How sure a refined joint is: one sigma per joint and frame, calibrated.

What is known at run time are the conditional noise's standard deviation at the joint, formula (6) of the paper, and how
much the refinements of the input and of its mirror image disagree. Neither is an error bar: the one is of another
estimate than the refined one, the other is too small by a factor. Calibrated,

    sigma = scale * hypot(joint_std, disagreement * d) * (detected + unsure * (1 - score) + lost * (1 - mean score))

covers a coordinate's error in 68 % of cases, and `tail` sigma in 95 %: more than a Gaussian's 1.96, for whole stretches
of a clip err together, where a detector fails or a body is larger than it looks. The mean is over the joints of a
frame: who is hard to see is hard to lift, down to the joints that are seen. The first factor is fitted on validation
people seen through the simulated detector; the second, which knows a real detector's scores, and the tail on rendered
clips of such people; the second is 1 where there are no scores. The numbers lie in the refiner's card, under
"uncertainty".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

FIELD = "uncertainty"  # of the card


@dataclass(frozen=True)
class Calibration:
    """The numbers of the module's formula; as they stand here, nothing is calibrated."""

    scale: float = 1.0
    disagreement: float = 1.0
    detected: float = 1.0
    unsure: float = 0.0
    lost: float = 0.0
    tail: float = 1.96

    @property
    def bands(self) -> dict[str, tuple[float, float]]:
        """Name of a band: (its width in sigmas, the share of errors that it is to cover)."""
        return {"68 %": (1.0, 0.683), "95 %": (self.tail, 0.95)}

    @classmethod
    def of(cls, card: dict[str, Any]) -> Calibration:
        """What a card says; numbers that it does not give are not calibrated."""
        given = card.get(FIELD) or {}
        return cls(**{name: float(given[name]) for name in cls.__dataclass_fields__ if name in given})

    def sigma(self, doubts: np.ndarray, scores: np.ndarray | None = None) -> np.ndarray:
        """Standard deviation of each coordinate.

        Args:
            doubts: (N,17,2) metres, joint_std and d.
            scores: (N,17) the 2D detector's confidences, or None if there is no detector.

        Returns:
            (N,17) float32 metres; 0 at the hip, to which all is relative.
        """
        known = np.hypot(doubts[..., 0], self.disagreement * doubts[..., 1])
        return (self.scale * known * self.widening(scores)).astype(np.float32)

    def widening(self, scores: np.ndarray | None) -> np.ndarray | float:
        """(N,17) the formula's second factor; 1 without a detector. `scores` as for `sigma`."""
        if scores is None:
            return 1.0
        doubt = 1 - np.clip(scores, 0, 1)
        return self.detected + self.unsure * doubt + self.lost * doubt.mean(axis=-1, keepdims=True)
