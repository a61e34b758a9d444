"""The chapters of the story, the request kinds, and the Azure sandbox beside them."""
