"""Commands that compose the chapters."""
