"""The one door to Azure; it knows no chapter."""
