"""Local weights: loading, exact scoring over a shared-prefix tree, and sampling."""
