"""From pixels to lifted 3D: 2D detection, tracks, and the sequence lifters."""
