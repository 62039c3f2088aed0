"""Emotion with and without the words: the stimuli, what is read of them, and what that may mean."""
