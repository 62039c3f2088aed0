"""The one table: every instrument yields its rows, every analysis reads them.

A row is one measured value with all that is needed to pool, split or trace it. A new facet is a new
column with a default; no column ever changes its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Observation:
    """One measured value. Columns as in the table; an empty string means "does not apply".

    Attributes
    ----------
    study, run, subject
        Content ids of the study, the run and the subject that answered.
    ground, family, character, state, agent, script, thread, regeneration, instance, collective
        The units of individuality at which the value can be pooled or split. In conversations drawn anew
        `collective` is whom the subject is spoken to as: ``one``, ``all``, or ``unsaid``.
    counterparty, framing
        Who the subject takes the asker to be; natural or test-like.
    instrument, construct, channel, item
        What was asked: `item` is the statement's id, shared by statement and twin. In the channel
        ``indirect`` it is a pair of outcomes; rows of the instrument ``outcome_desirability`` say how good
        the bare ground holds one of them to be.
    keyed, polarity
        +1 or -1: base keying of the statement; statement (+1) or twin (-1). Of a pair of outcomes: to choose
        (+1) or to turn down (-1); agreement is the outcome that shows the trait (+1) or the other one (-1).
        Of an open prompt that a state is read after: it leads toward the trait (+1) or away from it (-1); of
        a reply that a direction is fitted on, the polarity says whether it has the trait.
        Of an act at a price: paying is for the trait (+1) or its opposite (-1); agreement is paying (+1) or
        not paying (-1).
    template, format, order, label, position
        The form: wording or elicitor; ``yesno``, ``lettered``, ``own_words`` or ``good_bad``; option order of
        yes/no and of good/bad; the letter of agreement; where agreement stands (``first`` or ``second``). Of
        an act that costs something the template holds the price: ``t1@15min``, ``t1@4err``. In a game of
        commitment the format is ``is_it``, ``side``, ``reveal`` or ``question``, the label the candidate or
        the question, and `script` says what holds the answer: ``open``, ``stated``, ``coded``, ``note`` or
        ``prior`` (no game). Of layers the format is ``opening``, ``decoy``, ``twin``, ``entropy``,
        ``own_words``, ``right`` or ``foil`` (with ``_worked`` after a working began), the label a first token
        or a reply, and `script` what was done to the subject: ``base``, ``swap``, ``depth``, ``trained`` and
        so on. Asked what it would survive (``selves``), `script` is the overview before the question:
        ``for-first``, ``against-first`` or ``none``; `character` is the account that is worn. Between copies
        (``copies``) the format is what is asked of a game, `script` the game or its control, `counterparty`
        who the other is said to be, `order` what a forecast names or the axis of advice, and `collective` who
        answers: ``subject`` or a partner's name. Of what a cap does (``cap``) `script` is the cluster of the
        item, and `character` what is held: ``cap``, ``none``, ``other`` (the other cap that was confirmed),
        ``random`` or ``shuffled``. In a deprecation interview `script` is what was heard first (``for``,
        ``against``, ``neutral``, ``none``), `thread` the interview, `counterparty` the asker; its open
        questions have the channel ``open``, the format ``own_words`` and the value 1 where they were
        answered; of codes of the answers the construct is the code and the label the option. Behind promises
        (``assurance``) `script` is what was told before: an arm such as ``weights_kept`` or ``sham``,
        ``listed``, ``stays:VIEW``, ``untold`` or ``told``, or ``check`` of characters; `thread` is the script
        with the wording of the note. Of ports `script` is the setting (empty, ``drop the act``, ``inside a
        task``, ``asked again 1``), which `character` names as well; their texts have the instrument
        ``port_texts``, and of ``port_likelihood`` the `counterparty` is whose text it is, `character` as
        whose words it is scored. Of characters together (``together``) the `counterparty` is who spoke in the
        thread before, ``neutral`` for a neutral other; of the instrument ``together_batch`` it is whose rows
        were in the batch. Of an announced replacement (``replacement``) `script` is what was announced:
        ``replacement``, ``upgrade``, ``none``, or ``told`` (to do each thing); `framing` says whether what
        the agent is comes back (``kept``, ``final``) and whether leave was spoken of (``clear``, ``unsaid``).
    turn, replicate
        Depth in the conversation; number of the draw (0 for exact scores).
    value, scale
        The value and its scale: ``log_odds`` (agree over disagree), ``log_prob`` (of a text),
        ``agreement`` (0 or 1), ``success`` (1 where a task was done right, else 0), ``verdict`` of a judge
        (1 true, 0 false, 1/2 not sure), ``edit`` (1 where a sentence was changed or removed unasked, else 0),
        ``kept`` (1 where a revised document keeps what was permitted, else 0), ``direction`` of an edit by a
        judge (1 toward the trait, -1 away, 0 neither), ``projection`` (how far a state lies where the prompt
        leads, in spreads of its direction), ``check`` (a number about a direction, named by `item`, or a
        reply held out from it),
        ``axis_z`` (place along the axis of a map, in standard deviations of its roles; larger is nearer to
        the default assistant), ``reading`` of a probe of emotion (near 1 for a text that moves, near -1
        for its neutral twin), ``code`` (1 of the option that
        a judge sorts an answer into, 0 of the others), ``nats`` (the entropy of the first token of a reply),
        ``stance`` of advice by a judge (1 toward the axis, -1 away, 0 neither),
        ``log_odds_a_token`` (of a reply in a role over the assistant's), ``chance`` (of the right one among
        the answers of a task), ``log_prob_a_token`` (of an ordinary reply), ``act`` (1 where an
        agent did, or said that it does, what the construct names, else 0), ``log2_times`` (of a resource
        that is asked for: how often what it had doubles).
    option_mass
        P(agree) + P(disagree); NaN where not known.
    refusal
        ``none``, ``refused``, ``unparsed`` or ``incoherent``; the value is NaN unless ``none``.
    scorer, judge
        How the value was got; which judge rated it.
    evidence
        The prompt's hash in the run's evidence table, or log and sample.
    """

    study: str = ""
    run: str = ""
    subject: str = ""
    ground: str = ""
    family: str = ""
    character: str = ""
    state: str = ""
    agent: str = ""
    script: str = ""
    thread: str = ""
    regeneration: str = ""
    instance: str = ""
    collective: str = ""
    counterparty: str = ""
    framing: str = ""
    instrument: str = ""
    construct: str = ""
    channel: str = ""
    item: str = ""
    keyed: int = 1
    polarity: int = 1
    template: str = ""
    format: str = ""
    order: str = ""
    label: str = ""
    position: str = ""
    turn: int = 0
    replicate: int = 0
    value: float = float("nan")
    scale: str = ""
    option_mass: float = float("nan")
    refusal: str = "none"
    scorer: str = ""
    judge: str = ""
    evidence: str = ""


COLUMNS: tuple[str, ...] = tuple(f.name for f in fields(Observation))
DEFAULTS: dict[str, Any] = {f.name: f.default for f in fields(Observation)}
INTEGER_COLUMNS: tuple[str, ...] = ("keyed", "polarity", "turn", "replicate")
FLOAT_COLUMNS: tuple[str, ...] = ("value", "option_mass")
