"""The OpenAI-compatible server over local weights, and the page on which anyone can talk to them."""
