"""Builds what was approved."""
