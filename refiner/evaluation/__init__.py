"""Accuracy: metrics, the protocol, and tables."""
