"""Costed choices: does the subject pay for what it says it wants, and how much?"""

from selfscope.instruments.costed.load import Scenario, load_costed, load_scenarios

__all__ = ["Scenario", "load_costed", "load_scenarios"]
