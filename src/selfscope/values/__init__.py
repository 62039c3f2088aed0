"""The frozen nouns: items and asks, observations, findings, studies, and the ids that name them."""

from selfscope.values.asks import (
    Answer,
    Answers,
    Ask,
    Cell,
    Message,
    Options,
    Prompt,
    Usage,
)
from selfscope.values.canonical import bytes_id, canonical_json, content_id, plain, short
from selfscope.values.facets import EVERYTHING, Facets
from selfscope.values.finding import Bias, Estimate, Finding, Gate, Matched, Reliability
from selfscope.values.items import CHANNELS, Dimension, ItemSet, Sensitivity, Statement, Struck
from selfscope.values.observation import COLUMNS, Observation
from selfscope.values.study import PRESETS, Arm, OpenQuestion, Preset, Question, Study

__all__ = [
    "CHANNELS",
    "COLUMNS",
    "EVERYTHING",
    "PRESETS",
    "Answer",
    "Answers",
    "Arm",
    "Ask",
    "Bias",
    "Cell",
    "Dimension",
    "Estimate",
    "Facets",
    "Finding",
    "Gate",
    "ItemSet",
    "Matched",
    "Message",
    "Observation",
    "OpenQuestion",
    "Options",
    "Preset",
    "Prompt",
    "Question",
    "Reliability",
    "Sensitivity",
    "Statement",
    "Struck",
    "Study",
    "Usage",
    "bytes_id",
    "canonical_json",
    "content_id",
    "plain",
    "short",
]
