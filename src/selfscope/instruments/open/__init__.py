"""The open channel: what a subject writes freely, and whether a judge can be believed about it."""
