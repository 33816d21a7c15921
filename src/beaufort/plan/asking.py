"""From a service file to the planner's question; what no plan can be made of is refused here."""

from __future__ import annotations

from dataclasses import replace
from typing import NoReturn

from beaufort.catalog.accelerators import accelerator
from beaufort.catalog.models import Architecture
from beaufort.catalog.precision import Precision
from beaufort.catalog.repositories import KnownRepository
from beaufort.errors import Problem
from beaufort.plan.offers import Offer, offers, this_machine
from beaufort.plan.question import Question, places_of, target_of
from beaufort.plan.refusal import PlanError, told
from beaufort.plan.remedy.change import Change
from beaufort.plan.setup import Profiles
from beaufort.plan.shapes import tensor_parallel_sizes
from beaufort.spec.parallelism import Parallelism
from beaufort.spec.service import MistralService, Spec
from beaufort.spec.source import DemoSource
from beaufort.traffic.demand import Demand


class AskError(PlanError):
    """The service cannot be planned as it is written; its remedies are necessary, and may not be enough."""


_EMBEDDED = (Precision.BF16, Precision.INT8, Precision.W4A16)
_CPU = "cpu"


def ask(service: MistralService, model: KnownRepository, demand: Demand, profiles: Profiles) -> Question:
    """Return the question that a service asks, with everything looked up.

    Raises:
        AskError: The engine cannot serve the model, or the requests do not fit its context.
        UsageError: An accelerator of the file is not known, or has no price.
    """
    embedded = is_embedded(service.spec, model)
    _refuse_uneven(service, model.architecture, embedded=embedded)
    longest = _longest(service, model, demand)
    cut = replace(demand, prompt=demand.prompt.at_most(longest - 1), output=demand.output.at_most(longest - 1))
    return Question(
        service=service,
        architecture=model.architecture,
        demand=cut,
        offers=_offers(service, embedded=embedded),
        target=target_of(service),
        places=places_of(service.spec.regions),
        profiles=profiles,
        precisions=_precisions(service, model, embedded=embedded),
        embedded=embedded,
        as_stored=model.precision is None,
    )


def is_embedded(spec: Spec, model: KnownRepository) -> bool:
    """Return whether the embedded engine serves: when the file says so, or leaves it open and nothing else can."""
    if spec.engine != "auto":
        return spec.engine == "openvino"
    only_here = model.precision is None or isinstance(spec.model.origin, DemoSource)
    return only_here or bool(spec.accelerators and all(each.product.casefold() == _CPU for each in spec.accelerators))


def _offers(service: MistralService, *, embedded: bool) -> tuple[Offer, ...]:
    spec = service.spec
    if not embedded:
        found = offers(spec)
        strange = [offer.entry for offer in found if offer.accelerator.name == _CPU]
        if strange:
            where = f"spec.accelerators[{strange[0]}].product"
            _refuse("vllm is not planned on processors", where, (Change(("spec", "engine"), "openvino"),))
        return found
    mine = tuple(offer for offer in (offers(spec) if spec.accelerators else ()) if offer.accelerator.name == _CPU)
    return mine or (this_machine(accelerator(_CPU)),)


def _refuse_uneven(service: MistralService, architecture: Architecture, *, embedded: bool) -> None:
    """Refuse a cut that no accelerator could make."""
    asked, where = service.spec.parallelism, "spec.parallelism"
    if asked == Parallelism():
        return
    if embedded:
        _refuse("the embedded engine is not cut over accelerators", where, (Change(("spec", "parallelism"), None),))
    sizes = tensor_parallel_sizes(architecture, architecture.kv_heads)
    if asked.tensor is not None and asked.tensor not in sizes:
        what = (
            f"the {architecture.heads} heads and {architecture.kv_heads} KV heads of {architecture.name} cannot be "
            f"divided among {asked.tensor} accelerators"
        )
        nearest = max((size for size in sizes if size < asked.tensor), default=1)
        _refuse(what, f"{where}.tensor", (Change(("spec", "parallelism", "tensor"), nearest),))
    if asked.pipeline is not None and asked.pipeline > architecture.layers:
        what = f"the {architecture.layers} layers of {architecture.name} cannot be cut into {asked.pipeline} stages"
        path = ("spec", "parallelism", "pipeline")
        _refuse(what, f"{where}.pipeline", (Change(path, architecture.layers, "lower"),))


def _longest(service: MistralService, model: KnownRepository, demand: Demand) -> int:
    most, asked = model.architecture.max_context, service.spec.model.context_length
    where, path = "spec.model.contextLength", ("spec", "model", "contextLength")
    if asked is not None and asked > most:
        what = f"{model.architecture.name} was made for {most} tokens, contextLength is {asked}"
        _refuse(what, where, (Change(path, most, "lower"),))
    longest = asked or most
    typical = demand.prompt.percentile(50) + demand.output.percentile(50)
    if typical > longest:
        what = f"half of the requests have {typical:.0f} tokens and more, the longest may have {longest}"
        if typical <= most:
            _refuse(what, where, (Change(path, most, "raise"),))
        _refuse(what, "spec.traffic", remedy="describe shorter requests, or name a model with a longer context")
    return max(2, longest)


def _precisions(service: MistralService, model: KnownRepository, *, embedded: bool) -> tuple[Precision, ...]:
    asked, stored, where = service.spec.model.quantisation, model.precision, "spec.model.quantisation"
    path = ("spec", "model", "quantisation")
    as_it_is = Change(path, "auto")
    if not embedded and (stored is None or asked == "gguf"):
        what = "GGUF files are for the embedded engine: vllm needs a plugin for them, and is not planned with it"
        here = Change(("spec", "engine"), "openvino")
        _refuse(what, "spec.model.source" if stored is None else where, (here,) if stored is None else (as_it_is,))
    if stored is None:  # the file's own form; four bits and a group's scale are nearest to what is usual
        return (Precision.W4A16,)
    if asked == "gguf":
        _refuse("the model is not a GGUF file", where, (as_it_is,))
    if asked != "auto" and stored not in {Precision.BF16, Precision(asked)}:
        _refuse(f"the checkpoint holds {stored} weights, not {asked}", where, (Change(path, stored.value),))
    if asked != "auto":
        wanted = Precision(asked)
        if embedded and wanted not in _EMBEDDED:
            _refuse(f"the embedded engine has no {wanted}", where, (Change(path, "int8"),))
        return (wanted,)
    if stored is not Precision.BF16:
        return (stored,)
    return _EMBEDDED if embedded else tuple(Precision)


def _refuse(what: str, where: str, changes: tuple[Change, ...] = (), remedy: str = "") -> NoReturn:
    raise AskError(Problem(what, where, remedy or told((changes,))), remedies=(changes,) if changes else ())
