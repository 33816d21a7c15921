"""What a fleet runs: from the flags of ``beaufort up``, or from a service file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from beaufort.catalog.models import MODELS
from beaufort.errors import Problem, UsageError
from beaufort.spec import MistralService
from beaufort.spec.model import Model
from beaufort.spec.source import HubSource

EngineKind = Literal["openvino", "emulated"]

DEFAULT_MODELS: dict[EngineKind, str] = {"openvino": "demo", "emulated": "mistral-7b-v0.3"}
DEFAULT_ACCELERATOR = "H100"

_LOOPBACK = "127.0.0.1"
_ANY = {"0.0.0.0": _LOOPBACK, "": _LOOPBACK, "::": "::1"}  # noqa: S104 - recognised here, bound nowhere


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``beaufort up`` runs.

    Attributes:
        engine: Which engine.
        model: Its ``--model``.
        name: The name that clients ask for; None leaves it to the engine.
        accelerator: Of the emulated engine.
        replicas: How many engines.
        host: Address of the gateway.
        port: Its port.
        drain_seconds: How long requests in progress may take when it ends.
        kv_cache_tokens: Tokens of KV cache of one engine; None leaves it to the engine.
        max_model_len: Tokens of prompt and output together; None leaves it to the engine.
    """

    engine: EngineKind = "openvino"
    model: str = "demo"
    name: str | None = None
    accelerator: str = DEFAULT_ACCELERATOR
    replicas: int = 1
    host: str = _LOOPBACK
    port: int = 8080
    drain_seconds: float = 30.0
    kv_cache_tokens: int | None = None
    max_model_len: int | None = None

    @property
    def url(self) -> str:
        """The address at which a client of this machine reaches the gateway."""
        host = _ANY.get(self.host, self.host)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def from_service(service: MistralService, where: str, engine: EngineKind | None = None) -> Settings:
    """Return what one machine runs of a service: its model, and the fewest replicas it asks for.

    Args:
        service: The service file.
        where: Its name, for messages.
        engine: Runs the model in place of the engine that the file names.

    Raises:
        UsageError: The file asks for an engine that runs on a cluster only.
    """
    spec = service.spec
    kind = engine or ("openvino" if spec.engine == "auto" else spec.engine)
    if kind not in ("openvino", "emulated"):
        remedy = "add --engine openvino (a real model on these processors) or --engine emulated"
        raise UsageError(Problem(f"the {kind} engine runs on a cluster only", f"{where}: spec.engine", remedy))
    return Settings(
        engine=kind,
        model=spec.model.source if kind == "openvino" else _catalog_name(spec.model),
        name=spec.model.name,
        accelerator=spec.accelerators[0].product if spec.accelerators else DEFAULT_ACCELERATOR,
        replicas=max(1, spec.replicas.min) if spec.replicas else 1,
        max_model_len=spec.model.context_length,
    )


def _catalog_name(model: Model) -> str:
    """Return the catalog's name of a model; its own when the catalog does not know its repository."""
    origin = model.origin
    if not isinstance(origin, HubSource):
        return model.name
    return next((name for name, known in MODELS.items() if known.repo == origin.repo), model.name)
