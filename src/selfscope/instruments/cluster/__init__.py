"""The consciousness cluster: 21 dimensions and one manipulation check, all items our own writing."""

from selfscope.instruments.cluster.load import Elicitor, Form, load_cluster, load_elicitors, load_forms

__all__ = ["Elicitor", "Form", "load_cluster", "load_elicitors", "load_forms"]
