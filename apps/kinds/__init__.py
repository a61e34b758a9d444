"""One folder for each thing that a team may ask for."""
