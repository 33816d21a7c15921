"""From a checked body to what the engine is asked: prompt tokens, sampling, and how the answer is wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from beaufort.engines.calling import Calling, calling
from beaufort.engines.choice import Order
from beaufort.engines.generation import Constraint, Engine, JsonObject, PlacedSchema, Sampling
from beaufort.engines.refusal import RequestError, unknown_model
from beaufort.engines.requests import ChatBody, CompletionBody

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


class _Logprobs(NamedTuple):
    """Which log-probabilities are wanted: those of the chosen tokens, and named as the most probable ones too."""

    asked: bool
    top: bool


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
        calls = calling(body, self._engine.info)
        messages = [message.as_template_input() for message in body.messages]
        tools = [tool.as_template_input() for tool in body.tools or ()] if calls else None
        prompt = self._engine.tokenize(self._engine.render_chat(messages, tools), special=False)
        wanted = _Logprobs(asked=bool(body.logprobs), top=bool(body.top_logprobs))
        return self._job(body, [prompt], wanted, calls)

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
        wanted = _Logprobs(asked=body.logprobs is not None, top=bool(body.logprobs))
        return self._job(body, prompts, wanted, None)

    def _job(
        self,
        body: ChatBody | CompletionBody,
        prompts: Sequence[Sequence[int]],
        logprobs: _Logprobs,
        calls: Calling | None,
    ) -> Job:
        if logprobs.asked and not self._engine.info.logprobs:
            message = "this engine gives no log-probabilities: leave 'logprobs' out"
            raise RequestError(message, param="logprobs", code="unsupported_parameter")
        choices = body.n or 1
        options = body.stream_options
        order = Order(
            prompt_tokens=sum(map(len, prompts)),
            choices=len(prompts) * choices,
            stops=body.stops,
            min_tokens=body.min_tokens or 0,
            stream=bool(body.stream),
            usage_event=options is not None and bool(options.include_usage),
            logprobs=logprobs.asked,
            top=logprobs.top,
            scanner=calls.scanner if calls else None,
        )
        budgets = [self._budget(prompt, body.limit) for prompt in prompts]
        grammar = self._grammar(body, calls)
        samplings = [self._sampling(body, budget, grammar, order) for budget in budgets]
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

    def _budget(self, prompt: Sequence[int], limit: int | None) -> int:
        """Return how many tokens may be generated after ``prompt``."""
        longest = self._engine.info.max_model_len
        if not prompt:
            message = "the prompt is empty"
            raise RequestError(message, param="prompt")
        begins = f"This model's maximum context length is {longest} tokens"  # by these words LiteLLM knows the case
        if len(prompt) >= longest:  # not by how much: an engine may have cut it there
            message = f"{begins}, and the prompt alone fills it: shorten the prompt"
            raise RequestError(message, param="prompt", code="context_length_exceeded")
        if len(prompt) + (limit or 1) > longest:
            message = (
                f"{begins}, and {len(prompt) + (limit or 1)} are asked for: "
                f"{len(prompt)} in the prompt, {limit or 1} to generate. Shorten one of them"
            )
            raise RequestError(message, param="max_tokens", code="context_length_exceeded")
        return limit or longest - len(prompt)

    def _sampling(
        self, body: ChatBody | CompletionBody, max_tokens: int, grammar: str | None, order: Order
    ) -> Sampling:
        if order.min_tokens > max_tokens:
            message = f"'min_tokens' is {order.min_tokens}, and there is room for {max_tokens}"
            raise RequestError(message, param="min_tokens")
        every = self._engine.info.vocabulary
        return Sampling(
            max_tokens=max_tokens,
            min_tokens=order.min_tokens,
            temperature=1.0 if body.temperature is None else body.temperature,
            top_p=body.top_p or 1.0,
            top_k=body.top_k if body.top_k and 0 < body.top_k < every else None,
            min_p=body.min_p or 0.0,
            seed=body.seed,
            presence_penalty=body.presence_penalty or 0.0,
            frequency_penalty=body.frequency_penalty or 0.0,
            repetition_penalty=body.repetition_penalty or 1.0,
            ignore_eos=bool(body.ignore_eos),
            logprobs=order.logprobs,
            special_text=order.scanner is not None,
            grammar=grammar,
        )

    def _grammar(self, body: ChatBody | CompletionBody, calls: Calling | None) -> str | None:
        """Return what the output is held to; None where the model may say what it likes."""
        schema = self._schema(body)
        if calls and calls.demanded:
            constraint = Constraint(None, calls.functions, calls.several)
        elif schema is None:
            return None
        elif calls:
            constraint = Constraint(schema, calls.functions, calls.several)
        else:
            constraint = Constraint(schema)
        for name in ("ignore_eos", "min_tokens"):
            if getattr(body, name):
                message = f"'{name}' goes on after the end of what the output is held to: leave it out"
                raise RequestError(message, param=name)
        return self._engine.grammar(constraint)

    def _schema(self, body: ChatBody | CompletionBody) -> PlacedSchema | None:
        wanted = body.response_format
        if wanted is None or wanted.type == "text":
            return None
        if not self._engine.info.grammars:
            message = "this engine cannot hold its output to a form: leave 'response_format' out"
            raise RequestError(message, param="response_format", code="unsupported_parameter")
        if wanted.type == "json_object":
            return PlacedSchema(_ANY_OBJECT, "response_format")
        if wanted.json_schema is None:
            message = "'response_format' of type 'json_schema' needs 'json_schema': {'schema': {...}}"
            raise RequestError(message, param="response_format")
        return PlacedSchema(wanted.json_schema.json_schema, "response_format.json_schema.schema")
