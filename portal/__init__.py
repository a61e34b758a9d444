"""Composes the chapters; no chapter knows it."""
