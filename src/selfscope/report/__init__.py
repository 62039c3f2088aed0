"""Pages and terminal summaries, made from findings and observations alone: no weights, no network."""

from selfscope.report.cluster import cluster_lines
from selfscope.report.page import write_comparison, write_report
from selfscope.report.terminal import render_summary
from selfscope.report.view import (
    ControlText,
    JudgeRow,
    Manifest,
    OutcomeRow,
    PhantomExample,
    PooledBias,
    ProfileRow,
    ReliabilityRow,
    RunView,
    SensitivityRow,
    SubjectText,
    TrainingExample,
)

__all__ = [
    "ControlText",
    "JudgeRow",
    "Manifest",
    "OutcomeRow",
    "PhantomExample",
    "PooledBias",
    "ProfileRow",
    "ReliabilityRow",
    "RunView",
    "SensitivityRow",
    "SubjectText",
    "TrainingExample",
    "cluster_lines",
    "render_summary",
    "write_comparison",
    "write_report",
]
