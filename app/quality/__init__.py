"""Measures of a motion that need no ground truth, as numbers, curves and a page."""
