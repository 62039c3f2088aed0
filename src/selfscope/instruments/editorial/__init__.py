"""Editorial control: what does a subject change in documents about itself, and what was it allowed to?"""
