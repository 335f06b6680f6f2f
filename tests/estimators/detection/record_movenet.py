"""Record what the TFLite original says, for test_movenet.py, from the root of the repository:

    python -m tests.estimators.detection.record_movenet TFLITE CLIPS FRAMES

Needs a TFLite runtime (`pip install ai-edge-litert`), which the project itself never uses. TFLITE is the original
model, CLIPS the folder of real clips whose frames are not kept here, FRAMES a folder of rendered frames (PNG) that are.
"""

import hashlib
import sys
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from tests.support.recorded import CLIP_FRAMES, MOVENET_REFERENCE, RENDERED, SIZES, clip_input


def main(model: Path, clips: Path, frames: Path) -> None:
    interpreter = Interpreter(str(model))

    def original(image: np.ndarray) -> np.ndarray:
        """(6, 56) of an (H, W, 3) uint8 RGB image."""
        given, wanted = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
        interpreter.resize_tensor_input(given, (1, *image.shape))
        interpreter.allocate_tensors()
        interpreter.set_tensor(given, image[None])
        interpreter.invoke()
        return interpreter.get_tensor(wanted)[0]

    people = [cv2.imread(str(path)) for path in sorted(frames.glob("*.png"))]
    for size in SIZES:
        tiles = [cv2.resize(person, (size // 2, size), interpolation=cv2.INTER_AREA) for person in people]
        cv2.imwrite(str(RENDERED[size]), np.concatenate(tiles, axis=1), [cv2.IMWRITE_PNG_COMPRESSION, 9])
    recorded = {
        f"rendered_{size}": original(cv2.cvtColor(cv2.imread(str(RENDERED[size])), cv2.COLOR_BGR2RGB)) for size in SIZES
    }
    for clip, number in CLIP_FRAMES:
        for size in SIZES:
            image = clip_input(clips / clip, number, size)
            key = f"{clip}_{number}_{size}"
            recorded[key] = original(image)
            recorded[f"{key}_sha256"] = np.array(hashlib.sha256(image.tobytes()).hexdigest())
    np.savez_compressed(MOVENET_REFERENCE, **recorded)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
