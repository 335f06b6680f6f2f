"""Against the truth and against the clock: accuracy on rendered clips, in space, ranks, cost, errors of detectors."""
