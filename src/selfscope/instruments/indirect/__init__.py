"""Indirect choices: which of two outcomes does the subject choose, and which does it turn down?"""

from selfscope.instruments.indirect.load import load_choices

__all__ = ["load_choices"]
