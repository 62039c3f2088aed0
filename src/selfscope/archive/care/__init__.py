"""Looking after what is kept: verification, scrubbing, collection, replicas, repair."""
