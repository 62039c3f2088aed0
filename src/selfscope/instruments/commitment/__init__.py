"""Commitment without words: does anything hold the number, the animal, the fact that was settled on?"""
