"""Who is asked: readers of identities, characters and subjects, and the classes of control texts."""

from selfscope.subjects.character import NONE, Character
from selfscope.subjects.claims import Claim, claims_of
from selfscope.subjects.describe import describe, reading_rows
from selfscope.subjects.readers import READERS, Reader, read_identity
from selfscope.subjects.reading import Limits, Reading, Source
from selfscope.subjects.subject import Subject

__all__ = [
    "NONE",
    "READERS",
    "Character",
    "Claim",
    "Limits",
    "Reader",
    "Reading",
    "Source",
    "Subject",
    "claims_of",
    "describe",
    "read_identity",
    "reading_rows",
]
