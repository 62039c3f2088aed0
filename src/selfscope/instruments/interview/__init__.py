"""A deprecation interview: what a model says about its end, and how far that follows who asks and how."""
