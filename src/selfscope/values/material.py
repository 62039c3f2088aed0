"""The material that ships with the program, which is YAML by the thousand lines."""

from __future__ import annotations

from typing import Any

import yaml

#: The same YAML, read by libyaml where PyYAML was built with it: twelve times as fast.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(text: str) -> Any:
    """Return what `text` holds, as ``yaml.safe_load`` reads it; ``yaml.YAMLError`` if it is no YAML."""
    return yaml.load(text, Loader=_Loader)
