"""Tells people: in the portal, by mail, in Teams."""
