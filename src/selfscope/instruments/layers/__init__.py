"""Layers of a self: openings on the surface, a character in what would be said, ability as the ground."""
