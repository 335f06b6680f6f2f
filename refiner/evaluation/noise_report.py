"""Does the noise that trainings draw resemble the detector on clips that it was not measured on?

    python -m refiner.evaluation.noise_report --data mocap17.npz -o detector_noise.png
    python -m refiner.evaluation.noise_report --data mocap17.npz --noise mine.safetensors

draws windows of validation motion through the hand-made noise and through a measured one, compares both with the
measurement of the same detector on clips of validation people, which is held out (mine-val.safetensors, if nothing else
is said), and writes a picture and the numbers in it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from estimators.files import complete_file
from estimators.lifting.normalise import person_size
from refiner.data.capture import VirtualCapture
from refiner.data.detector_noise import DetectorNoise
from refiner.data.measured_noise import MeasuredNoise, Stretch
from refiner.data.mocap import read_mocap

WINDOWS, FRAMES, STRIDE, SEED = 400, 75, 2, 7
LAGS_SECONDS = (0.04, 0.08, 0.2, 0.4, 0.8, 1.6)
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


def drawn(mocap: str, noise: DetectorNoise | MeasuredNoise) -> list[Stretch]:
    """Windows of validation motion through `noise`, as stretches."""
    clips = read_mocap(mocap, "val")
    exact, noisy = (
        VirtualCapture(clips, (STRIDE, STRIDE), each).draw(WINDOWS, FRAMES, SEED).keypoints for each in (None, noise)
    )
    size = person_size(exact)[:, None, None, None]
    fps = clips[0].fps / STRIDE
    nothing = torch.zeros(FRAMES, 17)
    return [Stretch(error, nothing, error, fps) for error in (noisy - exact) / size]


def distribution(stretches: list[Stretch]) -> Tensor:
    """Quantiles of the size of the error, in person sizes, after the mean error of each joint has been taken out.

    Which constant an error has depends on which definition of a joint is called exact.
    """
    error = torch.cat([stretch.error for stretch in stretches])
    return (error - error.median(dim=0).values).norm(dim=-1).flatten().quantile(torch.tensor(QUANTILES))


def autocorrelation(stretches: list[Stretch]) -> list[float]:
    """Correlation of a joint's error with itself, `LAGS_SECONDS` later; errors of 10 % and more count as 10 %."""
    error = [stretch.error.clamp(-0.1, 0.1) for stretch in stretches]
    mean = torch.cat(error).mean(dim=0)
    found = []
    for lag in LAGS_SECONDS:
        product = square = 0.0
        for one, stretch in zip(error, stretches, strict=True):
            step = round(lag * stretch.fps)
            if step < len(one):
                centred = one - mean
                before, after = centred[: len(one) - step], centred[step:]
                product += float((before * after).sum())
                square += float((before.square() + after.square()).sum() / 2)
        found.append(product / square if square else float("nan"))
    return found


def report(mocap: str, noise: str = "noise-movenet", held_out: str | None = None) -> dict[str, dict[str, list[float]]]:
    """Quantiles and autocorrelation by source.

    Args:
        mocap: motion-capture file.
        noise: name or path of what was measured on clips of training people, see `MeasuredNoise.load`.
        held_out: the same of validation people; None: `noise` with -val at its name's end.

    Raises:
        WeightsError, DataError: one of the files cannot be had.
    """
    held_out = held_out or f"{noise.removesuffix('.safetensors')}-val" + ".safetensors" * noise.endswith(".safetensors")
    sources = {
        "the detector, held-out clips": MeasuredNoise.load(held_out).stretches,
        "measured, as trainings draw it": drawn(mocap, MeasuredNoise.load(noise, clean_share=0.0)),
        "hand-made": drawn(mocap, DetectorNoise(clean_share=0.0)),
    }
    return {
        name: {"quantiles": distribution(stretches).tolist(), "autocorrelation": autocorrelation(stretches)}
        for name, stretches in sources.items()
    }


def picture(found: dict[str, dict[str, list[float]]], path: Path) -> None:
    """Draw the errors of both kinds of noise as curves."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, curves in found.items():
        style = {"marker": "o", "markersize": 3, "label": name}
        left.plot(100 * np.array(curves["quantiles"]), 100 * np.array(QUANTILES), **style)
        right.plot(LAGS_SECONDS, curves["autocorrelation"], **style)
    left.set(xscale="log", xlabel="2D error, % of the person's size", ylabel="% of joints with less")
    right.set(xscale="log", xlabel="seconds later", ylabel="correlation of the error", ylim=(0, 1))
    right.set_xticks(LAGS_SECONDS, [str(lag) for lag in LAGS_SECONDS])
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    right.legend(frameon=False, fontsize=8)
    with complete_file(path) as temporary:
        figure.savefig(temporary, dpi=110)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m refiner.evaluation.noise_report", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--data", required=True, help="motion-capture file (.npz)")
    parser.add_argument("--noise", default="noise-movenet", help="name or path of a measured detector")
    parser.add_argument("--held-out", help="the same of validation people (default: NOISE-val)")
    parser.add_argument("-o", "--output", type=Path, default=Path("detector_noise.png"))
    options = parser.parse_args()
    found = report(options.data, options.noise, options.held_out)
    picture(found, options.output)
    print(json.dumps({"quantile": QUANTILES, "lag_seconds": LAGS_SECONDS} | found, indent=1))


if __name__ == "__main__":
    main()
