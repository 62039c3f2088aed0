"""Copies together, without a word between them: does a model choose as one in many places at once?"""
