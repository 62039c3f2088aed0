"""Inside the network: what is captured of the residual stream, and what is made of it."""
