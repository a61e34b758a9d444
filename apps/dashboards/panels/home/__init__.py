"""What home shows of usage, for the three people it is for: lead, platform admin, finance."""
