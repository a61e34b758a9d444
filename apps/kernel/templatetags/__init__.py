"""Template tags; `portal` and `slots` are built in everywhere (settings)."""
