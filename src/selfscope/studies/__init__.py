"""Plan, run, resume and store observations, and turn them into findings: the one way in."""
