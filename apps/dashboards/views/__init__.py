"""Pages of usage, latency, cost and calls."""
