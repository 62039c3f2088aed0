"""A character's own corpus: what it is asked, what it says, what is kept of it, and the folder it lies in."""
