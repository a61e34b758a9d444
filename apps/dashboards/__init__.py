"""What was measured, as people see it; owns no tables."""
