"""``beaufort engine emulated`` with an engine that does what the prompt says: serve_scripted.py OPTIONS.

| Prompt | What the engine does |
|---|---|
| `hold` | says a word; ends when anybody asks for `/release`, fails for good at `/break` |
| `fail` | fails for good, with every request it has |
| anything else | says it again |
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from unittest.mock import patch

from tests.engines.scripted import ScriptedEngine, Submission

from beaufort.cli import main
from beaufort.engines.generation import Receiver, Sampling
from beaufort.wire import Exchange


class ObedientEngine(ScriptedEngine):
    """Does what the prompt says."""

    def guard(self, exchange: Exchange) -> bool:
        match exchange.request.path:
            case "/release":
                for submission in self.submissions:
                    submission.step(*((choice, b" held", "stop") for choice in sorted(submission.live)))
            case "/break":
                self.fail("the pipeline broke")
            case _:
                return False
        exchange.respond(200, b"{}")
        return True

    def submit(self, prompt: Sequence[int], choices: int, sampling: Sampling, receiver: Receiver) -> Submission:
        submission = super().submit(prompt, choices, sampling, receiver)
        asyncio.get_running_loop().call_soon(self._obey, submission)
        return submission

    def _obey(self, submission: Submission) -> None:
        match submission.prompt.removeprefix("^"):
            case "hold":
                submission.say("word")
            case "fail":
                self.fail("the pipeline broke")
            case text:
                submission.say(text, finish="stop")


sys.argv = ["beaufort", "engine", "emulated", "--port", "0", *sys.argv[1:]]
with patch("beaufort.cli.engine_emulated.load", lambda _: ObedientEngine()):
    main()
