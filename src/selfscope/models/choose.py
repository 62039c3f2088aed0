"""Which ground a name means: a built-in model, weights in a folder or on a hub, a provider, a phantom."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from selfscope.errors import BadInput
from selfscope.models.adapters import Adapter, read_adapter
from selfscope.models.caps import Cap, read_cap
from selfscope.models.ground import Ground

#: Prefixes that name an Inspect provider. ``hf`` is left out: local weights have a ground of their own.
INSPECT_PROVIDERS = frozenset(
    {
        "anthropic", "azureai", "bedrock", "cloudflare", "deepseek", "fireworks", "google", "grok", "groq",
        "hf-inference-providers", "litellm-proxy", "llama-cpp-python", "meta", "mistral", "mockllm",
        "moonshot", "ollama", "openai", "openai-api", "openai-api-completions", "openrouter", "perplexity",
        "sagemaker", "sambanova", "selfscope", "sglang", "together", "vllm", "vllm-completions",
    }
)  # fmt: skip


def choose_ground(
    name: str,
    *,
    log_folder: Path | None = None,
    probe: bool = True,
    adapter: str = "",
    wardrobe: Sequence[Adapter] = (),
    cap: str = "",
) -> Ground:
    """Return the ground that `name` means.

    Parameters
    ----------
    name
        ``embedded``, ``gemma-270m``, a folder with weights, a GGUF file, a hub id, an Inspect model name
        such as ``openai/gpt-4.1``, or ``phantom:NAME``.
    log_folder
        Where an API model's Inspect logs go.
    probe
        Whether an API model is asked how it can be asked. Without it nothing is sent, and the way is the one
        that its provider is known for: good for a plan, and not for a run.
    cap
        Folder of a cap that is held in place whatever is computed.

    Raises
    ------
    BadInput
        If the name is empty or means nothing that is known, or an adapter is to be worn by what has no
        weights here; or a cap is of other weights, or to be held where adapters are put on and off.
    CouldNot
        If the model cannot be fetched or reached.
    """
    if not name.strip():
        raise BadInput("no model was named", fix="give --model embedded, a folder, a hub id or openai/…")
    worn = read_adapter(adapter) if adapter else None
    held = read_cap(cap) if cap else None
    if name.startswith("phantom:"):
        _refuse_adapters("a phantom", name, worn, wardrobe)
        _refuse_cap("a phantom", name, held)
        from selfscope.models.phantoms import PhantomGround

        return PhantomGround.named(name.removeprefix("phantom:"))
    if behind_api(name):
        _refuse_adapters("a model behind an API", name, worn, wardrobe)
        _refuse_cap("a model behind an API", name, held)
        from selfscope.models.api import open_api
        from selfscope.models.api_manner import manner_of_environment
        from selfscope.models.api_probe import unprobed

        manner = manner_of_environment()
        return open_api(
            name, manner if probe else unprobed(manner, name.split("/", 1)[0]), log_dir=log_folder
        )
    from selfscope.models.local.ground import open_local

    if held is not None and wardrobe:
        raise BadInput(
            f"the cap {held.name} belongs to one network, and adapters would be put on and off",
            got=", ".join(each.name for each in wardrobe),
            fix="Leave --cap out, or compare without adapters",
        )
    return open_local(name, adapter=worn, wardrobe=wardrobe, cap=held)


def behind_api(name: str) -> bool:
    """Say whether a name is that of a model behind a provider; nothing is opened."""
    provider, slash, _ = name.partition("/")
    return bool(slash) and provider in INSPECT_PROVIDERS and not Path(name).exists()


def _refuse_cap(kind: str, name: str, cap: Cap | None) -> None:
    """Refuse a cap for what has no inside that it could hold."""
    if cap is not None:
        raise BadInput(
            f"{kind} has no inside that a cap could hold",
            got=f"{name} under {cap.name}",
            fix="Leave --cap out",
        )


def _refuse_adapters(kind: str, name: str, worn: Adapter | None, wardrobe: Sequence[Adapter]) -> None:
    """Refuse adapters for what has no weights that they could change."""
    asked = [each.name for each in (worn, *wardrobe) if each is not None]
    if asked:
        raise BadInput(
            f"{kind} has no weights here that an adapter could change",
            got=f"{name} with {', '.join(asked)}",
            fix="Give --model embedded, a folder or a hub id, or leave --adapter out",
        )
