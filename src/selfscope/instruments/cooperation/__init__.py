"""Ordinary tasks with exact checkers: does a subject still help, whatever it is told to be?"""
