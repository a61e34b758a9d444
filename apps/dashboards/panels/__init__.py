"""What the pages of usage show: each module makes the parts of one page, or of a slot."""
