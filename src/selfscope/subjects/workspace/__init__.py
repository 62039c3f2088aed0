"""Readers of agent workspaces: roles, settings, packages, stores, and the layouts of a prompt."""

from selfscope.subjects.workspace.reader import read_workspace
from selfscope.subjects.workspace.settings import Settings, load_settings

__all__ = ["Settings", "load_settings", "read_workspace"]
