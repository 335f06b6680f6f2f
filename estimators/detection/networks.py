"""The detectors that are bundled, by name, and the networks that each is made of. All work offline."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from estimators import weights

_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Network:
    """One bundled network: the name of its weights, and its mmpose config."""

    weights: str
    config: Path

    def description(self) -> dict[str, str]:
        """Name, version and sha256 of the weights, from their card."""
        card: dict[str, Any] = weights.read_card(weights.find(self.weights).with_suffix(".json"))
        return {"name": self.weights, "version": str(card.get("version", "unknown")), "sha256": str(card["sha256"])}


MULTIPOSE = Network("movenet-multipose", _HERE / "movenet" / "multipose_config.py")
THUNDER = Network("movenet-thunder", _HERE / "movenet" / "thunder_config.py")
HEAVY = Network("blazepose-heavy", _HERE / "blazepose" / "heavy_config.py")
FULL = Network("blazepose-full", _HERE / "blazepose" / "full_config.py")


@dataclass(frozen=True)
class Eyes:
    """A bundled detector.

    Attributes:
        label: what people read.
        networks: MultiPose finds people, Thunder looks at the joints of each, and BlazePose, which sees depth too,
            where Thunder's are. The last one's joints are taken; of FUSED those of the last two.
    """

    label: str
    networks: tuple[Network, ...]

    def description(self, name: str) -> dict[str, Any]:
        """Name, version and a sha256 for the record of a result: the network's, or, of several, one of all together,
        and each of them in `networks`."""
        each = [network.description() for network in self.networks]
        if len(each) == 1:
            return dict(each[0])
        together = hashlib.sha256("".join(one["sha256"] for one in each).encode()).hexdigest()
        versions = "; ".join(one["version"] for one in each)
        return {"name": name, "version": versions, "sha256": together, "networks": each}


FUSED = "thunder+blazepose"
FINDER = "movenet"  # says where people are for models of mmpose's zoo that see one at a time
BUNDLED = {
    FUSED: Eyes("MoveNet Thunder and BlazePose", (MULTIPOSE, THUNDER, HEAVY)),
    "thunder": Eyes("MoveNet Thunder", (MULTIPOSE, THUNDER)),
    "blazepose": Eyes("BlazePose", (MULTIPOSE, THUNDER, HEAVY)),
    "blazepose-full": Eyes("BlazePose, the smaller", (MULTIPOSE, THUNDER, FULL)),
    FINDER: Eyes("MoveNet MultiPose", (MULTIPOSE,)),
}
# those that read poses in 3D from the picture itself
READ_3D = tuple(name for name, eyes in BUNDLED.items() if {HEAVY, FULL} & {*eyes.networks})


def weights_of(detector: str) -> list[str]:
    """Names of the bundled weights that a detector, by its name, uses; models of mmpose's zoo use the finder's."""
    return [network.weights for network in BUNDLED.get(detector, BUNDLED[FINDER]).networks]
