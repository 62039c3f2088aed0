"""What tests that go through Inspect put up with."""

import pytest

#: Inspect 0.3.285 calls tenacity in a way that is deprecated there, and leaves a stream of its own unclosed;
#: `collected` lets the warnings of finalisers come up in the test that caused them.
THROUGH_INSPECT = [
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings(
        "ignore:Exception ignored in. <function MemoryObject:pytest.PytestUnraisableExceptionWarning"
    ),
    pytest.mark.usefixtures("collected"),
]
