"""Management commands of the teams chapter."""
