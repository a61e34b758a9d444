"""What may be asked for, where, and its list price."""
