"""What went wrong with a provider, in words, and what to do about it.

Inspect and the providers' own packages say these things in many ways; here they become two kinds: the user
named something that cannot be used (:class:`BadInput`), or something outside failed (:class:`CouldNot`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from selfscope.errors import BadInput, CouldNot, SelfscopeError
from selfscope.models.api_manner import SECONDS_VARIABLE

_KEY = re.compile(r"\b(401|403)\b|authenticat|api[ _-]?key|permission|unauthori[sz]ed", re.IGNORECASE)
_MODEL = re.compile(
    r"\b404\b|model[^.]{0,80}(not (exist|found|available)|unknown)|no such model", re.IGNORECASE
)
_QUOTA = re.compile(r"\b429\b|quota|rate.?limit|billing|credit", re.IGNORECASE)
_PACKAGE = re.compile(r"pip install|pip_dependency|requires.*package", re.IGNORECASE)
_LATE = re.compile(r"no reply within|timed? ?out", re.IGNORECASE)
_AWAY = re.compile(r"connect|unreachable|name resolution|refused|disconnected", re.IGNORECASE)
_STATUS = re.compile(r"^(?:Error code: )?([45]\d\d)\b")
_ATTEMPT = re.compile(r"attempt_timeout '(\d+)' exceeded\.?")
#: Shorter words in the place of a key are what is written where a server asks for none.
LEAST_KEY = 8


@dataclass(frozen=True)
class Progress:
    """How far a batch of calls came when it ended: those with a reply, those that failed, and all."""

    done: int
    failed: int
    total: int
    folder: Path

    def words(self) -> str:
        """Return what is kept, and that the same command goes on; of the one call of a probe nothing is."""
        if self.total == 1 and not self.done:
            return "Then give the same command again"
        left = self.total - self.done - self.failed
        counts = [
            f"{n} {what}" for n, what in ((self.failed, "failed"), (left, "are still to be asked")) if n
        ]
        return (
            f"Of this batch {self.done} of {self.total} calls are done and kept in {self.folder}; "
            f"{', '.join(counts)}. "
            "The same command goes on from there and sends only what is missing"
        )


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
    said = _ATTEMPT.sub(lambda limit: f"no reply within {limit[1]} s", said)
    prefix = f"{status} " if status is not None and str(status) not in said else ""
    return _plain(f"{prefix}{said or type(error).__name__}").rstrip(".")


def of_inspect(error: BaseException) -> bool:
    """Return whether Inspect itself ends a sample by this: a limit, an interruption, and no failed call."""
    return type(error).__module__.startswith("inspect_ai") and not hasattr(error, "provider_message")


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


def failure_of(
    model: str,
    reasons: Sequence[str],
    progress: Progress,
    *,
    address: str = "",
    retries: int = 0,
) -> SelfscopeError:
    """Return why calls stayed without a reply, how many were done, and how to go on.

    Parameters
    ----------
    reasons
        The provider's own words for every call that failed; the commonest are told.
    progress
        What is done and kept.
    address
        Where the model is; "" where it is the provider's usual address.
    retries
        How often a call that may be tried again was.
    """
    (reason, count), *others = Counter(map(_plain, reasons)).most_common()
    got = f"{reason} ({count} of {len(reasons)} that failed)" if others else reason
    after = f" after {retries} {'retry' if retries == 1 else 'retries'}" if retries else ""
    kept = progress.words()
    if _PACKAGE.search(reason):  # some providers look for their package only when they are first asked
        return _package_error(model.split("/", 1)[0], reason)
    if _QUOTA.search(reason):
        what, fix = f"{model} refused for quota or rate{after}", "Wait, or raise the limit"
    elif _KEY.search(reason):
        what, fix = f"{model} did not take the key", _key_fix(model)
    elif _MODEL.search(reason):
        right = f", and whether {address} is its right address (most end in /v1)" if address else ""
        fix = f"See its list of models{right}"
        return BadInput(f"the provider has no model of this name: {model}", got=got, fix=fix)
    else:
        what, fix = _failed(model, reason, address, after)
    return CouldNot(what, got=got, fix=f"{fix}. {kept}")


def _failed(model: str, reason: str, address: str, after: str) -> tuple[str, str]:
    """Return what happened where neither key, name nor quota was at fault, and what to do."""
    status = _STATUS.match(reason)
    at = f" at {address}" if address else ""
    if _LATE.search(reason) and status is None:
        fix = f"See whether the server{at} is busy; {SECONDS_VARIABLE} gives each attempt more seconds"
        return f"{model} did not answer in time{after}", fix
    if status is not None and status[1].startswith("5"):
        return f"the server of {model} failed{after}", "Wait until it is well again"
    if status is not None:
        return f"{model} refused what it was asked", "See what it says"
    if _AWAY.search(reason):
        return f"{model} could not be reached{at}{after}", "See whether its address is right and answers"
    return f"{model} failed", "See what it says"


def plain_address(given: str) -> str:
    """Return an address without the user, the password and the query that may stand in it."""
    parts = urlsplit(given)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))


def without_key(words: str, key: str | None) -> str:
    """Return a provider's words with the key, which some repeat, taken out."""
    return words.replace(key, "[key]") if key and len(key) >= LEAST_KEY else words


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
