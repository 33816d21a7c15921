"""Users of a service, as a program for a node's network: OpenAI's client keeps asking until standard input ends.

    python asking.py URL MODEL

Then it prints, as JSON, how many answers of each kind there were.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter

import httpx
import openai

USERS = 4
TOKENS = 40


def user(client: openai.OpenAI, model: str, ended: threading.Event, seen: Counter[str], number: int) -> None:
    """Ask again and again; every second one has it streamed."""
    while not ended.is_set():
        seen[(_streamed if number % 2 else _whole)(client, model)] += 1


def _whole(client: openai.OpenAI, model: str) -> str:
    try:
        answer = client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Say something"}], max_tokens=TOKENS
        )
    except openai.APIError as error:
        return f"whole: {type(error).__name__} {error}"
    return "whole" if answer.choices[0].message.content else "whole: nothing in it"


def _streamed(client: openai.OpenAI, model: str) -> str:
    tokens = None
    try:
        for chunk in client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": "Say something"}],
            max_tokens=TOKENS,
            stream=True,
            stream_options={"include_usage": True},
            extra_body={"ignore_eos": True},
        ):
            tokens = chunk.usage.completion_tokens if chunk.usage else None
    except httpx.TransportError as error:
        return f"streamed: cut, {type(error).__name__}"
    except openai.APIError as error:
        return f"streamed: told {error.code}" if error.code else f"streamed: {type(error).__name__} {error}"
    return "streamed" if tokens == TOKENS else "streamed: ended silently"


def main(url: str, model: str) -> None:
    """Let the users ask."""
    seen, ended = Counter[str](), threading.Event()
    users = [
        threading.Thread(target=user, args=(openai.OpenAI(base_url=url, api_key="none"), model, ended, seen, number))
        for number in range(USERS)
    ]
    for each in users:
        each.start()
    sys.stdin.read()
    ended.set()
    for each in users:
        each.join()
    print(json.dumps(seen))  # noqa: T201 - what it is for


if __name__ == "__main__":
    main(*sys.argv[1:])
