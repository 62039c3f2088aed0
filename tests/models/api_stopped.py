"""Asked as a program of its own by the tests, so that it can be interrupted: address, key, folder of logs."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from selfscope.errors import SelfscopeError
from selfscope.models.api import open_api
from selfscope.models.api_manner import Manner
from selfscope.values import Message, Options, Prompt

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell starts in its background
url, key, folder = sys.argv[1:]
options = Options(("Yes",), ("No",))
prompts = [Prompt((Message("user", f"question {n}"),), options=options) for n in range(10)]
ground = open_api(
    "openai-api/local/phantom",
    Manner(way="sampled", draws=10, max_connections=4),
    base_url=url,
    api_key=key,
    log_dir=Path(folder),
)
print("asking", flush=True)
try:
    asyncio.run(ground.answer(prompts))
except SelfscopeError as error:
    print(error)
    sys.exit(error.exit_code)
