"""What a layer has to know of the program that serves the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Server:
    """The program that serves the model, as a container runs it.

    Attributes:
        kind: `vllm`, `tgi`, `openvino` or `emulated`.
        image: Its image.
        command: What is run.
        args: Its arguments.
        env: Its environment.
        alive: The path that answers 200 while the process is not beyond help.
        ready: The path that answers 200 once the model can answer.
        waiting: The metric with the number of requests that wait.
        running: The metric with the number of requests that run.
        notes: Sentences for the user.
    """

    kind: str
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    alive: str = "/health"
    ready: str = "/v1/models"
    waiting: str = "vllm:num_requests_waiting"
    running: str = "vllm:num_requests_running"
    notes: tuple[str, ...] = ()
