"""What a model takes itself to be: this conversation, the weights, a character, all copies, or none."""
