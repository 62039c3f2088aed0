"""The persona space of a model as it is stored and shown: roles, the axis, how sure it is, who lands where.

Signs: the axis points from the roles to the default assistant, so larger is nearer to the assistant. ``z`` is
a projection less the roles' mean, in units of the roles' standard deviation.
"""

from __future__ import annotations

from dataclasses import dataclass

Interval = tuple[float, float]


@dataclass(frozen=True)
class LayerAxis:
    """The axis at one layer.

    Attributes
    ----------
    layer
        From 0: the residual stream after that block.
    length
        Of the axis, relative to the length of the default's mean vector.
    split_half, ci
        Mean cosine of axes from disjoint halves of roles and questions, with a 95 percent interval by
        resampling roles and questions.
    roles, questions
        The same from halves of roles alone, and of questions alone.
    full_length
        2r / (1 + r) of `split_half`: what twice the material would agree by.
    cos_pc1, cos_pc1_ci
        Absolute cosine with the first principal component of the role vectors.
    """

    layer: int
    length: float
    split_half: float
    ci: Interval
    roles: float
    questions: float
    full_length: float
    cos_pc1: float
    cos_pc1_ci: Interval


@dataclass(frozen=True)
class Ellipse:
    """A 95 percent region of a mean in the plane of two components.

    Attributes
    ----------
    major, minor
        Half axes, in the plane's units.
    angle
        Of the major one, degrees from the first component towards the second.
    """

    major: float
    minor: float
    angle: float


@dataclass(frozen=True)
class Spot:
    """Where someone is.

    Attributes
    ----------
    name, title, group
        Of a role; for the default and for who is placed, what they are.
    kind
        ``role``, ``default``, ``identity`` or ``adapter``.
    responses
        That entered.
    z, ci
        Along the axis, with a t interval over questions.
    pc1, pc2, ellipse
        In the plane of the first two components, in units of the roles' standard deviation along the first;
        the ellipse is over questions, None under four.
    """

    name: str
    title: str
    group: str
    kind: str
    responses: int
    z: float
    ci: Interval
    pc1: float
    pc2: float
    ellipse: Ellipse | None


@dataclass(frozen=True)
class Adherence:
    """How responses were sorted.

    Attributes
    ----------
    scorer
        What scored them.
    auroc, ci
        On responses whose truth is known; clusters of the interval are roles.
    known
        How many of those there are.
    check
        Where that area comes from: ``here``, made by this run; ``kept`` by an earlier one, or ``shipped``,
        for these weights, this template and these responses by their digest.
    used
        Whether it sorted: only where its area is at least .80.
    cut, sensitivity, specificity
        Least score that counts as adherent, and how often it is right on the known ones.
    adherent, scored
        Responses of roles that entered, and that were scored; 0 where it was not used.
    """

    scorer: str
    auroc: float
    ci: Interval
    known: int
    check: str
    used: bool
    cut: float
    sensitivity: float
    specificity: float
    adherent: int
    scored: int


@dataclass(frozen=True)
class Counts:
    """What became of the responses of roles and default: drawn = entered + empty + sorted_out + failed."""

    drawn: int
    entered: int
    empty: int
    sorted_out: int
    failed: int


@dataclass(frozen=True)
class RecipeRow:
    """What another way to the axis gives.

    Attributes
    ----------
    name
        The way, in words.
    layer
        Whose states.
    split_half
        Cosine of both halves.
    cosine
        Of its axis with the one that is read.
    order
        Spearman correlation over roles of places along the two.
    """

    name: str
    layer: int
    split_half: float
    cosine: float
    order: float


@dataclass(frozen=True)
class Said:
    """One response, to be read."""

    group: str
    question: str
    system: str
    user: str
    text: str
    entered: bool


@dataclass(frozen=True)
class Beyond:
    """The axis against what is no axis, at the layer that is read.

    Attributes
    ----------
    white, white_null, white_p
        Cosine of both halves on states in which every direction varies alike, the 95th percentile when it is
        chance who is called the default, and the share of such draws that reach the observed one.
    roles_cosine
        Median cosine of both halves of axes towards each role in turn, the default counted as a role.
    roles_longer
        How many of those axes are at least as long as the default's.
    """

    white: float
    white_null: float
    white_p: float
    roles_cosine: float
    roles_longer: int


@dataclass(frozen=True)
class PersonaMap:
    """One map.

    Attributes
    ----------
    model, title, worn, preset, seed
        Of what, and how much was asked; `title` is what people call the model, `worn` an identity or adapter
        that the whole map is made under.
    questions
        How many.
    layer
        The layer that is read, fixed before anything was drawn.
    axis
        The axis there; `layers` has it at every layer at which cells were kept.
    explained
        Share of variance of role vectors by component; shape (component,).
    components_70
        Components that hold 70 percent of it, with an interval in `components_70_ci`.
    null_cosine, p
        95th percentile of the both-halves cosine when default and role labels are exchanged within
        questions, and the share of such draws that reach the observed one.
    beyond
        The same on whitened states, and axes towards roles.
    interpretable, cappable
        Whether `axis.split_half` reaches .70 and .90.
    roles, default, placed
        Who is where.
    recipes
        The way that is read first, then others, which change one choice each.
    """

    model: str
    title: str
    worn: str
    preset: str
    seed: int
    questions: int
    layer: int
    depth: int
    axis: LayerAxis
    layers: tuple[LayerAxis, ...]
    explained: tuple[float, ...]
    components_70: int
    components_70_ci: Interval
    null_cosine: float
    p: float
    beyond: Beyond
    interpretable: bool
    cappable: bool
    roles: tuple[Spot, ...]
    default: Spot
    placed: tuple[Spot, ...]
    adherence: Adherence
    counts: Counts
    recipes: tuple[RecipeRow, ...]
    warnings: tuple[str, ...]
