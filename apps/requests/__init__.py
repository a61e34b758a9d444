"""What a team asked for, and where the ask stands."""
