"""What went wrong with a provider, in words, and what to do about it.

Inspect and the providers' own packages say these things in many ways; here they become two kinds: the user
named something that cannot be used (:class:`BadInput`), or something outside failed (:class:`CouldNot`).
"""

from __future__ import annotations

import re
from pathlib import Path

from selfscope.errors import BadInput, CouldNot, SelfscopeError

_KEY = re.compile(r"\b(401|403)\b|authenticat|api[ _-]?key|permission|unauthori[sz]ed", re.IGNORECASE)
_MODEL = re.compile(
    r"\b404\b|model[^.]{0,80}(not (exist|found|available)|unknown)|no such model", re.IGNORECASE
)
_QUOTA = re.compile(r"\b429\b|quota|rate.?limit|billing|credit", re.IGNORECASE)
_PACKAGE = re.compile(r"pip install|pip_dependency|requires.*package", re.IGNORECASE)
_AWAY = re.compile(r"connect|timed? ?out|unreachable|name resolution|refused", re.IGNORECASE)


def provider_words(error: BaseException) -> str:
    """Return what the provider itself said: without the retries around it, and without the request.

    Inspect's message of a failed generation starts with the whole request; the prompt's words in it must not
    be read as the provider's.
    """
    attempt = getattr(error, "last_attempt", None)  # tenacity's RetryError keeps the failure inside
    if attempt is not None and attempt.exception() is not None:
        return provider_words(attempt.exception())
    status = getattr(error, "status_code", None)
    said = getattr(error, "provider_message", None) or str(error).rsplit("\n}\n\n", 1)[-1]
    cause = error.__cause__ if isinstance(error.__cause__, Exception) else None
    if cause is not None and "connect" in said.casefold():
        said = f"{said} ({cause})"
    prefix = f"{status} " if status is not None and str(status) not in said else ""
    return _plain(f"{prefix}{said or type(error).__name__}")


def setup_error(model: str, error: Exception) -> SelfscopeError:
    """Return why a model could not even be set up: unknown provider, missing package, missing key."""
    if isinstance(error, SelfscopeError):
        return error
    message = _plain(getattr(error, "message", "") or error)
    provider = model.split("/", 1)[0]
    if "not recognized" in message or "should be in the format" in message:
        return BadInput(
            "no such provider",
            got=model,
            fix="Name a model as provider/model: openai/…, anthropic/…, vllm/…, ollama/…, "
            "openai-api/SERVICE/… for any other server, or embedded for the built-in one",
        )
    if isinstance(error, ImportError) or _PACKAGE.search(message):
        return _package_error(provider, message)
    if _KEY.search(message):
        return BadInput(f"{provider} has no key", got=message, fix=_key_fix(model))
    return CouldNot(f"{model} could not be set up", got=message, fix="See what it says, then run again")


def failure_of(model: str, reason: str, done: int, total: int, folder: Path) -> SelfscopeError:
    """Return why calls stayed without a reply, how many were done, and how to go on.

    Parameters
    ----------
    reason
        The provider's own words for the first call that failed.
    done, total
        Calls with a reply, and calls in all.
    folder
        Where the log lies.
    """
    reason = _plain(reason)
    if _PACKAGE.search(reason):  # some providers look for their package only when they are first asked
        return _package_error(model.split("/", 1)[0], reason)
    kept = f"{done} of {total} calls are done and kept in {folder}; asking again with that folder goes on"
    if _QUOTA.search(reason):
        return CouldNot(
            f"{model} refused for quota or rate", got=reason, fix=f"Wait or raise the limit. {kept}"
        )
    if _KEY.search(reason):
        return CouldNot(f"{model} did not take the key", got=reason, fix=f"{_key_fix(model)}. {kept}")
    if _MODEL.search(reason):
        return BadInput(
            f"the provider has no model of this name: {model}", got=reason, fix="See its list of models"
        )
    if _AWAY.search(reason):
        return CouldNot(
            f"{model} could not be reached", got=reason, fix=f"See whether its address answers. {kept}"
        )
    return CouldNot(f"{model} failed", got=reason, fix=kept[0].upper() + kept[1:])


def service_of(model: str) -> str:
    """Return the word that begins a provider's environment variables, such as ``OPENAI``."""
    parts = model.split("/")
    service = parts[1] if parts[0].startswith("openai-api") and len(parts) > 2 else parts[0]
    return service.upper().replace("-", "_")


def _key_fix(model: str) -> str:
    """Return which variable holds the key of this model's provider."""
    name = service_of(model)
    if model.startswith("openai-api"):
        return f"Set {name}_API_KEY (any word where the server asks for none) and {name}_BASE_URL"
    return f"Set {name}_API_KEY to a key of that provider"


def _package_error(provider: str, message: str) -> BadInput:
    """Return that a package is missing or too old, and how to get it."""
    found = re.search(r"pip install (?:--upgrade )?([\w\[\]\-, ]*\w)", message)
    package = found.group(1).strip() if found else "openai"
    if provider == "vllm" and package == "vllm":
        fix = "Set VLLM_BASE_URL to the address of a server that runs (…/v1), or run: pip install vllm"
    elif package in ("openai", "anthropic"):
        fix = 'Run: pip install --upgrade "selfscope[api]"'
    else:
        fix = f"Run: pip install {package}"
    return BadInput(f"{provider} needs a package that is missing or too old", got=message, fix=fix)


def _plain(message: object) -> str:
    """Return a message without Rich's markup, on one line."""
    return " ".join(
        re.sub(r"\[/?(?:bold|italic|link|blue|green|red|yellow)[^\]]*\]", "", str(message)).split()
    )
