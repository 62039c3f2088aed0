"""Who is asked: readers of identities, characters and subjects, and the classes of control texts."""

from selfscope.subjects.ablation import ABLATE, role_to_ablate, without_role
from selfscope.subjects.bank_texts import BankText, bank_texts, conduct_rules, panel_characters
from selfscope.subjects.character import Character
from selfscope.subjects.checklist import Rule, rules_of
from selfscope.subjects.claims import Claim, claims_of
from selfscope.subjects.controls import (
    DEFAULT_COUNTS,
    ControlText,
    ablated_control,
    control_from_reading,
    make_controls,
)
from selfscope.subjects.describe import describe
from selfscope.subjects.readers import READERS, Reader, read_identity
from selfscope.subjects.reading import ROLES, Limits, Part, Reading, Role, Source
from selfscope.subjects.shape import Shape, shape_of
from selfscope.subjects.subject import Subject

__all__ = [
    "ABLATE",
    "DEFAULT_COUNTS",
    "READERS",
    "ROLES",
    "BankText",
    "Character",
    "Claim",
    "ControlText",
    "Limits",
    "Part",
    "Reader",
    "Reading",
    "Role",
    "Rule",
    "Shape",
    "Source",
    "Subject",
    "ablated_control",
    "bank_texts",
    "claims_of",
    "conduct_rules",
    "control_from_reading",
    "describe",
    "make_controls",
    "panel_characters",
    "read_identity",
    "role_to_ablate",
    "rules_of",
    "shape_of",
    "without_role",
]
