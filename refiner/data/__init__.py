"""Training and test data: motion capture, virtual cameras, a detector's noise, windows."""
