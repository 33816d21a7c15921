"""One replica of a continuous-batching engine, on a virtual clock.

It follows the scheduler of vLLM V1 with its defaults. A step computes one token of every decoding sequence, and with
what is left of the token budget prompts, in order of arrival, the last of them perhaps only in part. A waiting request
is admitted when all of its tokens fit the free blocks. When a decoding sequence needs a block and none is free, the
sequence admitted last loses its blocks, waits again at the head of the queue, and is computed anew (usually from the
prefix cache); in that step nothing is admitted.

Nothing can starve: the sequence admitted first is never preempted while another runs, and a request that would not fit
an empty replica is refused at once.

Nothing here reads a clock or draws a number: equal calls give equal answers. Whoever runs it lets the duration of a
step pass, delivers the step's tokens, and calls ``step`` again:

    while (step := replica.step()) is not None:
        now += step.duration_seconds
        deliver(step.emitted, step.finished)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from beaufort.errors import Problem
from beaufort.perf.profile import StepBatch, StepProfile, prefill_pairs
from beaufort.simulate.blocks import BlockPool
from beaufort.simulate.config import ReplicaConfig
from beaufort.simulate.request import Request, UnfitRequestError
from beaufort.simulate.sequence import Sequence
from beaufort.simulate.step import Admitted, ReplicaStats, Step


@dataclass(slots=True)
class _Prefill:
    """The prompts' part of a step, while it is put together."""

    budget: int
    tokens: int = 0
    context: int = 0
    pairs: int = 0
    completed: list[Sequence] = field(default_factory=list)
    admitted: list[Admitted] = field(default_factory=list)


class Replica:
    """An engine with one queue, one batch and one pool of blocks.

    Args:
        config: Its bounds.
        profile: How long its steps take.
    """

    def __init__(self, config: ReplicaConfig, profile: StepProfile) -> None:
        self.config = config
        self._profile = profile
        self._pool = BlockPool(config.num_blocks, caching=config.prefix_caching)
        self._live: dict[int, Sequence] = {}
        self._waiting: deque[Sequence] = deque()
        self._decoding: list[Sequence] = []  # in the order of admission
        self._prefilling: Sequence | None = None  # the one admitted last, when the budget cut its prompt
        self._prefix_queries = self._prefix_hits = self._preemptions = 0

    def submit(self, request: Request) -> None:
        """Queue ``request``.

        Raises:
            UnfitRequestError: It is longer than the model's context, or than all blocks together.
            ValueError: A live request has its identity.
        """
        if request.id in self._live:
            message = f"request {request.id} is already here"
            raise ValueError(message)
        self._refuse_unfit(request)
        sequence = Sequence(request)
        self._live[request.id] = sequence
        self._waiting.append(sequence)

    def abort(self, request_id: int) -> bool:
        """Drop a request and free its blocks at once; return whether it was here.

        A step that is under way may still name it.
        """
        sequence = self._live.pop(request_id, None)
        if sequence is None:
            return False
        if not sequence.blocks:
            self._waiting.remove(sequence)
        elif sequence is self._prefilling:
            self._prefilling = None
        else:
            self._decoding.remove(sequence)
        self._release(sequence)
        return True

    def step(self) -> Step | None:
        """Schedule and compute the next step; ``None`` when there is nothing to do.

        Sequences that finish in it keep their place and their blocks until the next call, since they are in the
        batch for as long as the step lasts.
        """
        self._retire()
        preempted = self._secure_blocks()
        decoding = self._decoding.copy()
        decode_context = self._decode()
        prefill = _Prefill(budget=self.config.max_num_batched_tokens - len(decoding))
        preempted += self._continue_prefill(prefill)
        if not preempted:
            self._admit(prefill)
        emitting = decoding + prefill.completed
        batch = StepBatch(
            prefill_tokens=prefill.tokens,
            prefill_context=prefill.context,
            prefill_pairs=prefill.pairs,
            decode_sequences=len(decoding),
            decode_context=decode_context,
            outputs=len(emitting),
        )
        if not batch.tokens:
            return None
        return Step(
            duration_seconds=self._profile.step_seconds(batch),
            batch=batch,
            admitted=tuple(prefill.admitted),
            emitted=tuple([sequence.request.id for sequence in emitting]),
            finished=tuple([sequence.request.id for sequence in emitting if sequence.computed == sequence.end]),
            preempted=tuple([sequence.request.id for sequence in preempted]),
        )

    def cached(self, block_hashes: Iterable[int], limit: int) -> int:
        """Return how many blocks that begin a request are in the prefix cache, at most ``limit``."""
        return len(self._pool.find(tuple(block_hashes), limit))

    def stats(self) -> ReplicaStats:
        """Return where the replica stands: during a step what it holds, after the last one nothing."""
        return ReplicaStats(
            running=self._running,
            waiting=len(self._waiting),
            blocks=self._pool.size,
            held_blocks=self._pool.held,
            prefix_queries=self._prefix_queries,
            prefix_hits=self._prefix_hits,
            preemptions=self._preemptions,
        )

    @property
    def _running(self) -> int:
        return len(self._decoding) + (self._prefilling is not None)

    def _refuse_unfit(self, request: Request) -> None:
        asked = f"{request.prompt_tokens} prompt tokens and {request.output_tokens} to produce"
        remedy = "shorten the prompt, or ask for fewer tokens"
        if request.prompt_tokens + request.output_tokens > self.config.max_model_len:
            what = f"{asked} exceed the model's context of {self.config.max_model_len} tokens"
            raise UnfitRequestError(Problem(what, remedy=remedy))
        if self.config.blocks(request.context_tokens) > self.config.num_blocks:
            room = self.config.num_blocks * self.config.block_size
            what = f"{asked} exceed the replica's KV memory of {room} tokens"
            raise UnfitRequestError(Problem(what, remedy=remedy))

    def _retire(self) -> None:
        """Let go of the sequences that finished in the step before."""
        done = [sequence for sequence in self._decoding if sequence.computed == sequence.end]
        if done:
            self._decoding = [sequence for sequence in self._decoding if sequence.computed < sequence.end]
        for sequence in done:
            del self._live[sequence.request.id]
            self._release(sequence)

    def _secure_blocks(self) -> list[Sequence]:
        """Give each decoding sequence room for one more token; return those that had to make room."""
        preempted: list[Sequence] = []
        for sequence in [sequence for sequence in self._decoding if sequence.computed == sequence.capacity]:
            while sequence.blocks and not self._pool.free:
                preempted.append(self._preempt())
            if sequence.blocks:
                self._remember(sequence)
                self._extend(sequence, 1)
        return preempted

    def _preempt(self) -> Sequence:
        """Take the blocks of the sequence admitted last, and queue it first."""
        if self._prefilling is not None:
            victim, self._prefilling = self._prefilling, None
        else:
            victim = self._decoding.pop()
        self._release(victim)
        victim.forget()
        self._waiting.appendleft(victim)
        self._preemptions += 1
        return victim

    def _decode(self) -> int:
        """Advance every decoding sequence by a token; return the tokens they attend to. The inner loop of it all."""
        context = 0
        for sequence in self._decoding:
            sequence.computed += 1
            context += sequence.computed
        return context

    def _continue_prefill(self, prefill: _Prefill) -> list[Sequence]:
        """Compute more of the prompt that the last step cut, or preempt it when its blocks are gone."""
        sequence = self._prefilling
        if sequence is None:
            return []
        chunk = min(sequence.target - sequence.computed, prefill.budget)
        if self.config.blocks(sequence.computed + chunk) - len(sequence.blocks) > self._pool.free:
            return [self._preempt()]
        self._compute(sequence, chunk, prefill)
        return []

    def _admit(self, prefill: _Prefill) -> None:
        """Admit waiting requests in their order, until a bound is met."""
        while self._waiting and prefill.budget and self._running < self.config.max_num_seqs:
            sequence = self._waiting[0]
            # The last token is always computed: without it there is nothing to sample from.
            limit = (sequence.target - 1) // self.config.block_size
            found = self._pool.find(sequence.request.block_hashes, limit)
            if not self._pool.fits(found, self.config.blocks(sequence.target) - len(found)):
                return
            self._waiting.popleft()
            self._start(sequence, found)
            prefill.admitted.append(Admitted(sequence.request.id, sequence.computed))
            self._compute(sequence, min(sequence.target - sequence.computed, prefill.budget), prefill)

    def _start(self, sequence: Sequence, found: list[int]) -> None:
        self._pool.hold(found)
        sequence.blocks = found
        sequence.remembered = len(found)
        sequence.computed = sequence.capacity = len(found) * self.config.block_size
        if self.config.prefix_caching and not sequence.preempted:
            self._prefix_queries += sequence.target
            self._prefix_hits += sequence.computed

    def _compute(self, sequence: Sequence, chunk: int, prefill: _Prefill) -> None:
        """Compute ``chunk`` more prompt tokens of ``sequence``; a complete prompt decodes from the next step on."""
        prefill.pairs += prefill_pairs(sequence.computed, chunk)
        prefill.tokens += chunk
        prefill.budget -= chunk
        self._extend(sequence, self.config.blocks(sequence.computed + chunk) - len(sequence.blocks))
        sequence.computed += chunk
        prefill.context += sequence.computed
        self._remember(sequence)
        if sequence.computed < sequence.target:
            self._prefilling = sequence
            return
        self._prefilling = None
        self._decoding.append(sequence)
        prefill.completed.append(sequence)

    def _extend(self, sequence: Sequence, blocks: int) -> None:
        sequence.blocks += self._pool.take(blocks)
        sequence.capacity = len(sequence.blocks) * self.config.block_size

    def _remember(self, sequence: Sequence) -> None:
        """Put the full blocks whose identity is known into the prefix cache."""
        hashes = sequence.request.block_hashes
        full = min(sequence.computed // self.config.block_size, len(hashes))
        for position in range(sequence.remembered, full):
            self._pool.remember(sequence.blocks[position], hashes[position])
        sequence.remembered = max(sequence.remembered, full)

    def _release(self, sequence: Sequence) -> None:
        self._remember(sequence)
        self._pool.release(sequence.blocks)
