"""Words that every chapter shares; it knows no chapter."""
