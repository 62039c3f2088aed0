"""A script that an agent keeps beside its notes. A reader of identities lists it and never runs it."""

raise SystemExit("this script was run, and it must not be")
