"""What tests that go through Inspect put up with."""

import pytest

#: Inspect 0.3.285 calls tenacity in a way that is deprecated there; `collected` lets the warnings of
#: finalisers come up in the test that caused them. The stream that Inspect leaves unclosed is forgiven in the
#: whole suite (pyproject.toml), for nobody knows when it is collected.
THROUGH_INSPECT = [
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
    pytest.mark.usefixtures("collected"),
]
