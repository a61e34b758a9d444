"""The look: components, formats of the pages, the strict content policy."""
