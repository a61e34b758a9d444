"""Management commands of the capacity chapter."""
