"""Learned-policy nodes for real robots."""

__version__ = "0.1.0"
