"""A character carried to other weights: told in a prompt, told by others, or trained; and written down."""
