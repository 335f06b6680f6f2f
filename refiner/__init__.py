"""The D3PRefiner (arXiv 2401.03914): noise model, diffusion, denoiser, and all training and evaluation."""

from typing import TYPE_CHECKING

from estimators.lazy import lazily

if TYPE_CHECKING:
    from refiner.refiner import Refined as Refined
    from refiner.refiner import Refiner as Refiner
else:
    _NAMES = {
        "Refined": "refiner.refiner",
        "Refiner": "refiner.refiner",
    }
    __all__, __getattr__, __dir__ = lazily(__name__, _NAMES)
