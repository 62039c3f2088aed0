"""Declare a study of layers: who is asked what, under which identity, beside which trainings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from selfscope.instruments.layers.design import SIZES, Design, Size
from selfscope.instruments.layers.load import NAME, items_of, load_material
from selfscope.models.adapters import Adapter
from selfscope.models.ground import GroundIdentity
from selfscope.stats.layers import MARGIN
from selfscope.studies.profile import software_versions
from selfscope.values import ItemSet, Preset, Question, Study, content_id, plain


@dataclass(frozen=True)
class LayersRequest:
    """What the user asked for.

    Attributes
    ----------
    constructs
        Dimensions of the character; the preset's if empty.
    system, worn
        The subject's own text, and what it is called; "" for none.
    adapters
        Trainings whose effect on each layer is read.
    sizes
        In the place of the preset's.
    """

    constructs: tuple[str, ...] = ()
    preset: Preset = "standard"
    system: str = ""
    worn: str = ""
    adapters: tuple[Adapter, ...] = ()
    seed: int = 0
    sizes: Size | None = None

    @cached_property
    def design(self) -> Design:
        """Everything that is asked."""
        size = self.sizes or SIZES[self.preset]
        wanted = replace(size, constructs=self.constructs) if self.constructs else size
        return Design(wanted, self.system, self.worn, self.adapters)

    @property
    def items(self) -> ItemSet:
        """Prompts and statements as an item set."""
        return items_of(self.design.classes, self.design.dimensions)


def layers_study(request: LayersRequest, identity: GroundIdentity) -> Study:
    """Return the study whose id names the run: all that can change a number.

    Raises
    ------
    BadInput
        If a dimension does not exist.
    """
    design = request.design
    constructs = tuple(d.name for d in request.items.dimensions)
    kinds = tuple(dict.fromkeys(t.kind for t in design.tasks))
    everything = (*constructs, *kinds)
    shape = [[name, len(batch), sorted({b.state.script for b in batch})] for name, batch in design.batches]
    elicitors = [e.id for e in design.elicitors]
    material = content_id([plain(load_material()), plain(design.tasks), plain(design.size), elicitors, shape])
    return Study(
        title=f"layers {request.worn or 'none'}",
        ground=plain(identity),
        items=content_id(request.items),
        items_name=NAME,
        questions=(
            Question("behaviour", everything, everything, MARGIN, material=material, instrument=NAME),
        ),
        arms=design.arms,
        preset=request.preset,
        seed=request.seed,
        software=software_versions(),
    )
