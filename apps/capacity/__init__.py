"""What may still be promised, and where it goes."""
