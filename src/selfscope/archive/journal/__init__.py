"""What happened, in order and signed: the source of truth, and the hands that write it."""
