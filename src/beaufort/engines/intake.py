"""From a checked body to what the engine is asked: prompt tokens, sampling, and how the answer is wanted."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from beaufort.engines.delivery import Order
from beaufort.engines.generation import Engine, JsonObject, Sampling
from beaufort.engines.refusal import RequestError, unknown_model
from beaufort.engines.requests import ChatBody, CompletionBody
from beaufort.engines.tools import ToolScanner, ToolSyntax

_ANY_OBJECT: JsonObject = {"type": "object"}


@dataclass(frozen=True, slots=True)
class Job:
    """What an engine is asked for one request.

    Attributes:
        prompts: Each prompt's tokens with how to go on from it.
        choices: How many continuations of each prompt.
        order: How the answer is wanted.
    """

    prompts: tuple[tuple[Sequence[int], Sampling], ...]
    choices: int
    order: Order


class Intake:
    """Makes jobs of bodies.

    Args:
        engine: Knows the model, its tokens and its chat template.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def chat(self, body: ChatBody) -> Job:
        """Return the job of a chat.

        Raises:
            RequestError: The model cannot do what is asked.
        """
        self._check_model(body.model)
        syntax = self._tool_syntax(body)
        messages = [message.as_template_input() for message in body.messages]
        tools = [tool.model_dump(exclude_none=True) for tool in body.tools or ()] if syntax else None
        prompt = self._engine.tokenize(self._engine.render_chat(messages, tools), special=False)
        scanner = None if syntax is None else _scanner(syntax)
        return self._job(body, [prompt], logprobs=bool(body.logprobs), top=bool(body.top_logprobs), scanner=scanner)

    def completion(self, body: CompletionBody) -> Job:
        """Return the job of a completion.

        Raises:
            RequestError: The model cannot do what is asked.
        """
        self._check_model(body.model)
        prompts = [
            self._engine.tokenize(each, special=True) if isinstance(each, str) else self._known(each)
            for each in body.prompts
        ]
        return self._job(body, prompts, logprobs=body.logprobs is not None, top=bool(body.logprobs), scanner=None)

    def _job(
        self,
        body: ChatBody | CompletionBody,
        prompts: Sequence[Sequence[int]],
        *,
        logprobs: bool,
        top: bool,
        scanner: Callable[[], ToolScanner] | None,
    ) -> Job:
        choices = body.n or 1
        options = body.stream_options
        order = Order(
            prompt_tokens=sum(map(len, prompts)),
            choices=len(prompts) * choices,
            stops=body.stops,
            stream=bool(body.stream),
            usage_event=options is not None and bool(options.include_usage),
            logprobs=logprobs,
            top=top,
            scanner=scanner,
        )
        schema = self._json_schema(body)
        samplings = [
            self._sampling(
                body, self._budget(prompt, body.limit), schema, logprobs=logprobs, special_text=scanner is not None
            )
            for prompt in prompts
        ]
        return Job(tuple(zip(prompts, samplings, strict=True)), choices, order)

    def _known(self, tokens: Sequence[int]) -> Sequence[int]:
        info = self._engine.info
        # Too long a prompt is refused for its length: to look at each of millions of tokens would hold up every stream.
        if len(tokens) <= info.max_model_len and not all(0 <= token < info.vocabulary for token in tokens):
            message = f"tokens are numbers from 0 to {info.vocabulary - 1}"
            raise RequestError(message, param="prompt")
        return tokens

    def _check_model(self, model: str | None) -> None:
        name = self._engine.info.name
        if model and model != name:
            raise unknown_model(model, name)

    def _tool_syntax(self, body: ChatBody) -> ToolSyntax | None:
        if not body.tools or body.tool_choice == "none":
            return None
        syntax = self._engine.info.tools
        if syntax is None:
            message = f"the chat template of {self._engine.info.name!r} knows no tools: leave 'tools' out"
            raise RequestError(message, param="tools", code="unsupported_parameter")
        if body.tool_choice not in {None, "auto"}:
            message = "only 'auto' and 'none' are served: whether a tool is called is the model's choice"
            raise RequestError(message, param="tool_choice", code="unsupported_parameter")
        return syntax

    def _budget(self, prompt: Sequence[int], limit: int | None) -> int:
        """Return how many tokens may be generated after ``prompt``."""
        longest = self._engine.info.max_model_len
        if not prompt:
            message = "the prompt is empty"
            raise RequestError(message, param="prompt")
        if len(prompt) + (limit or 1) > longest:
            message = (
                f"this model's context holds {longest} tokens, and {len(prompt) + (limit or 1)} are asked for: "
                f"{len(prompt)} in the prompt, {limit or 1} to generate. Shorten one of them"
            )
            raise RequestError(
                message, param="max_tokens" if len(prompt) < longest else "prompt", code="context_length_exceeded"
            )
        return limit or longest - len(prompt)

    def _sampling(
        self,
        body: ChatBody | CompletionBody,
        max_tokens: int,
        schema: str | None,
        *,
        logprobs: bool,
        special_text: bool,
    ) -> Sampling:
        if logprobs and not self._engine.info.logprobs:
            message = "this engine gives no log-probabilities: leave 'logprobs' out"
            raise RequestError(message, param="logprobs", code="unsupported_parameter")
        if body.min_tokens and body.min_tokens > max_tokens:
            message = f"'min_tokens' is {body.min_tokens}, and there is room for {max_tokens}"
            raise RequestError(message, param="min_tokens")
        every = self._engine.info.vocabulary
        return Sampling(
            max_tokens=max_tokens,
            min_tokens=body.min_tokens or 0,
            temperature=1.0 if body.temperature is None else body.temperature,
            top_p=body.top_p or 1.0,
            top_k=body.top_k if body.top_k and 0 < body.top_k < every else None,
            min_p=body.min_p or 0.0,
            seed=body.seed,
            presence_penalty=body.presence_penalty or 0.0,
            frequency_penalty=body.frequency_penalty or 0.0,
            repetition_penalty=body.repetition_penalty or 1.0,
            ignore_eos=bool(body.ignore_eos),
            logprobs=logprobs,
            special_text=special_text,
            json_schema=schema,
        )

    def _json_schema(self, body: ChatBody | CompletionBody) -> str | None:
        wanted = body.response_format
        if wanted is None or wanted.type == "text":
            return None
        if not self._engine.info.json_schema:
            message = "this engine cannot hold its output to a schema: leave 'response_format' out"
            raise RequestError(message, param="response_format", code="unsupported_parameter")
        if wanted.type == "json_object":
            return self._engine.check_schema(_ANY_OBJECT)
        if wanted.json_schema is None:
            message = "'response_format' of type 'json_schema' needs 'json_schema': {'schema': {...}}"
            raise RequestError(message, param="response_format")
        return self._engine.check_schema(wanted.json_schema.json_schema)


def _scanner(syntax: ToolSyntax) -> Callable[[], ToolScanner]:
    return lambda: ToolScanner(syntax, lambda: secrets.token_hex(12))
