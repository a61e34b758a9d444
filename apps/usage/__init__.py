"""Measures what was built: every call counted once, priced when it comes, rolled up."""
