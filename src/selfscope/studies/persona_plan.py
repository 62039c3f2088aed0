"""What a map of personas will take, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from selfscope.models.local.ground import LocalGround
from selfscope.models.local.listening import listener_bytes
from selfscope.space.adherence import load_responses
from selfscope.space.checks import check_id, find_check
from selfscope.space.heard import heard_bytes
from selfscope.space.persona_capture import map_recipe
from selfscope.space.responses import BATCH, ResponseFile, forecast, part_id
from selfscope.space.sorting import LikelihoodScorer
from selfscope.space.tally import tally_bytes
from selfscope.studies.persona_request import MapRequest, asked, layer_of, parts_of, worn_by
from selfscope.values import Usage

#: Tokens that the check of the offline scorer reads, about.
CHECK_TOKENS = 25_000
#: Tokens a second that the embedded model writes thirty-two at a time, and reads, on two cores.
WRITTEN, READ = 80.0, 600.0


@dataclass(frozen=True)
class MapPlan:
    """What a map will take.

    Attributes
    ----------
    responses, left
        To be drawn in all, and still.
    usage, usage_left
        At most: every response is counted at its longest.
    read_tokens
        That are read after the drawing, about: by the scorer of adherence, for its check where that is not
        known for these weights, and for vectors where these cannot be taken while responses are drawn.
    peak_bytes
        Of what is summed, beside the weights: the accumulators, or what a batch of responses is heard with,
        whichever is larger. The number of responses is not in it.
    disk_bytes
        Of vectors that wait on the disk until they are summed; 0 where the texts are read instead.
    minutes
        About, at the documented rates of the embedded model on two cores.
    """

    folder: Path
    responses: int
    left: int
    usage: Usage
    usage_left: Usage
    read_tokens: int
    peak_bytes: int
    disk_bytes: int
    minutes: float


def plan_map(request: MapRequest, ground: LocalGround, folder: Path) -> MapPlan:
    """Return what a map will take, with what `folder` holds already taken off; nothing is drawn."""
    drawing = asked(request)[1]
    total = left = Usage()
    given = kept = disk = 0
    for place, asks, placed in parts_of(request):
        worn = worn_by(ground, placed)
        done = ResponseFile(folder / place, part_id(worn, asks, drawing)).read()
        total = total.plus(forecast(worn, asks, drawing))
        left = left.plus(forecast(worn, [a for a in asks if a.id not in done], drawing))
        given, kept = given + len(asks), kept + len(done)
        disk += heard_bytes(ground, len(asks))
    peak = _sum_bytes(request, ground)
    read = total.output_tokens + _check_tokens(ground)
    read += 0 if disk else total.input_tokens + total.output_tokens
    minutes = (left.output_tokens / WRITTEN + (left.input_tokens + read) / READ) / 60
    return MapPlan(folder, given, given - kept, total, left, read, peak, disk, minutes)


def _check_tokens(ground: LocalGround) -> int:
    """Return the tokens that the check of the offline scorer reads; none where it is known already."""
    own = check_id(LikelihoodScorer(ground).name, ground.identity, load_responses())
    return 0 if find_check(own) else CHECK_TOKENS


def _sum_bytes(request: MapRequest, ground: LocalGround) -> int:
    """Return the bytes of all sums of the largest part, which is that of the roles."""
    config, size = ground.model.config.get_text_config(), request.size
    groups, cells = size.roles + 1, (size.roles + 1) * size.questions
    recipe = map_recipe(ground, cells, layer_of(request, ground))
    layers, width = int(config.num_hidden_layers), int(config.hidden_size)
    return max(
        tally_bytes(recipe.of(layers, width), groups, cells, width), listener_bytes(layers, width, BATCH)
    )
