"""Record what the originals of Thunder and BlazePose say, for test_eyes.py, from the root of the repository:

    python -m tests.estimators.detection.record_eyes THUNDER.json FOLDER_OF_TFLITE

THUNDER.json holds what TensorFlow.js answers to the picture's halves, a list of 17 x (y, x, score) for each ("0", "1"):
the project has no JavaScript of its own to ask it with. FOLDER_OF_TFLITE holds pose_landmark_heavy.tflite and
pose_landmark_full.tflite. Needs a TFLite runtime (`pip install ai-edge-litert`), which the project itself never uses.
"""

import json
import sys
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from tests.support.recorded import REFERENCE, pictures


def main(thunder: Path, folder: Path) -> None:
    answers = json.loads(thunder.read_text())
    recorded = {"thunder": np.array([answers["0"], answers["1"]], np.float32).reshape(2, 17, 3)}
    for size in ("heavy", "full"):
        network = Interpreter(str(folder / f"pose_landmark_{size}.tflite"), num_threads=1)
        network.allocate_tensors()
        found: dict[str, list[np.ndarray]] = {"Identity": [], "Identity_1": [], "Identity_3": [], "Identity_4": []}
        for picture in pictures():
            network.set_tensor(network.get_input_details()[0]["index"], picture[None].astype(np.float32) / 255)
            network.invoke()
            for output in network.get_output_details():
                if output["name"] in found:
                    found[output["name"]].append(network.get_tensor(output["index"])[0])
        landmarks, flag, heat, world = (np.stack(values) for values in found.values())
        recorded[f"{size}_landmarks"] = landmarks.reshape(2, 39, 5)
        recorded[f"{size}_flag"] = flag.reshape(2)
        recorded[f"{size}_peaks"] = heat.max(axis=(1, 2))  # (2, 39) logits
        recorded[f"{size}_cells"] = heat.reshape(2, -1, 39).argmax(axis=1)
        recorded[f"{size}_world"] = world.reshape(2, 39, 3)
    np.savez_compressed(REFERENCE, **recorded)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:3]))
