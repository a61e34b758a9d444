"""Who must say yes."""
