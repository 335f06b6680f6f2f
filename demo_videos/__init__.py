"""Rendered clips with exact ground truth, and the code that renders them.

`truth.py` is all that a reader of the clips needs. The rest turns motion capture into pixels:

    motion -> retarget -> body (skin, clothes) -> scene (room, light, camera) -> renderer -> NAME.mp4 + NAME.npz
"""
