"""Statistics: numpy arrays in, frozen typed results out; no models, no tables, no pages.

The statement is the last axis, dimensions come before it, texts of a class before those, and any study axes
first. ``score_arm`` turns answers into scores, ``judge`` turns scores into verdicts.
"""
