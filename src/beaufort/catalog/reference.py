"""The reference page of the catalog, made from its rows."""

from __future__ import annotations

from collections.abc import Iterable

from beaufort.catalog.accelerators import ACCELERATORS, GIGA, TERA, Accelerator
from beaufort.catalog.features import NEWEST_MINOR, OLDEST_MINOR, Feature, FeatureState, Stage
from beaufort.catalog.gguf_types import GGUF_TYPES, GgufType
from beaufort.catalog.instances import INSTANCES, Instance
from beaufort.catalog.kubernetes import FEATURES
from beaufort.catalog.labels import node_labels
from beaufort.catalog.models import MODELS, Architecture, model
from beaufort.catalog.precision import weight_bytes
from beaufort.catalog.prices import LISTS, PRICES
from beaufort.catalog.quantisation import METHODS, Method, Support
from beaufort.units import GIB, KIB

_EXAMPLE = "mistral-7b-v0.3"
_MINORS = range(OLDEST_MINOR, NEWEST_MINOR + 1)
_OPENING = """\
# The catalog

<!-- Made by scripts/catalog_reference.py: change the rows in src/beaufort/catalog instead. -->

What is known without asking anybody: models, quantisations, accelerators, the machines that clouds rent and what they
cost, and what each version of Kubernetes serves. Names may be written in any case. Any other dense model of the Mistral
or Llama family is read from the `config.json` of its checkpoint.
"""


def reference() -> str:
    """Return the reference page in Markdown."""
    sections = (_models, _methods, _gguf, _accelerators, _labels, _machines, _kubernetes, _sources)
    return "\n".join([_OPENING, *(section() for section in sections)])


def _table(heading: str, text: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}", *(f"| {' | '.join(row)} |" for row in rows)]
    return f"## {heading}\n\n{text}\n\n" + "\n".join(lines) + "\n"


def _models() -> str:
    text = (
        "Layers, width, query heads / KV heads x width of a head, width of the feed-forward network, vocabulary. KV is "
        "what one token of context occupies in bf16; a window bounds the tokens that a layer keeps."
    )
    columns = ("Model", "Repository", "Shape", "Parameters", "KV per token", "Context", "Windows", "Licence")
    return _table("Models", text, columns, (_model(known) for known in MODELS.values()))


def _model(known: Architecture) -> tuple[str, ...]:
    heads = f"{known.heads}/{known.kv_heads} x {known.head_dim}"
    windows = ", ".join("all" if window is None else f"{window:,}" for window in known.sliding_windows)
    return (
        f"`{known.name}`",
        known.repo,
        f"{known.layers}, {known.hidden}, {heads}, {known.ffn}, {known.vocab:,}",
        f"{known.parameters:,}",
        f"{known.kv_bytes_per_token() / KIB:g} KiB",
        f"{known.max_context:,}",
        windows or "none",
        known.licence,
    )


def _methods() -> str:
    text = (
        f"What `spec.model.quantisation` may name. The size is that of {_EXAMPLE}. Native: the accelerator multiplies "
        "the weights as they are stored. Weights only: it unpacks them, and multiplies as bf16. The embedding table, "
        "the output head and the norms stay bf16, except in GGUF files. In flight: what vLLM's `--quantization` makes "
        "out of a bf16 checkpoint while it loads. Loss: relative, of an average benchmark score or of perplexity. "
        "Keys and values are a choice apart: bf16, or fp8 (`--kv-cache-dtype fp8`) on accelerators with native fp8."
    )
    columns = (
        "Name",
        "Quantises",
        "GiB",
        "Native",
        "Weights only",
        "In flight",
        "Checkpoints",
        "Loss",
        "Known",
        "Note",
    )
    return _table("Quantisations", text, columns, (_method(known) for known in METHODS.values()))


def _method(known: Method) -> tuple[str, ...]:
    size = f"{weight_bytes(model(_EXAMPLE), known.precision) / GIB:.1f}" if known.precision else "the file's"
    plugin = f"needs {known.plugin}" if known.plugin else ""
    low, high = known.loss.low, known.loss.high
    return (
        f"`{known.name}`",
        known.quantises,
        size,
        _running(known, Support.NATIVE),
        _running(known, Support.WEIGHTS),
        f"`{known.in_flight}`" if known.in_flight else "",
        ", ".join(known.formats),
        f"{low:.2%} to {high:.2%}" if high else "none",
        f"{known.loss.knowledge}: {known.loss.source}",
        "; ".join(part for part in (plugin, known.note) if part),
    )


def _running(known: Method, support: Support) -> str:
    names = [name for name, entry in ACCELERATORS.items() if known.on(entry) is support]
    return "all" if len(names) == len(ACCELERATORS) else ", ".join(names)


def _gguf() -> str:
    text = f"The size is about that of {_EXAMPLE}; the loss is the increase of Mistral 7B's perplexity."
    rows = (_gguf_type(known) for known in GGUF_TYPES.values())
    return _table("GGUF types", text, ("Type", "Bits per weight", "GiB", "Loss"), rows)


def _gguf_type(known: GgufType) -> tuple[str, ...]:
    loss = "not known" if known.loss is None else f"{known.loss:.2%}"
    return known.name, f"{known.bits:.2f}", f"{known.file_bytes(model(_EXAMPLE)) / GIB:.1f}", loss


def _accelerators() -> str:
    text = (
        "Memory is what the driver reports. Rates are dense, in tera-operations a second; the link is what one "
        "accelerator sends to the others of its node, in one direction. `A100` alone is ambiguous and refused."
    )
    columns = ("Name", "Family", "GiB", "GB/s", "bf16", "fp8", "int8", "Link", "Resource", "Also", "Source")
    return _table("Accelerators", text, columns, (_accelerator(known) for known in ACCELERATORS.values()))


def _accelerator(known: Accelerator) -> tuple[str, ...]:
    return (
        f"`{known.name}`",
        known.family,
        f"{known.memory_bytes / GIB:.1f}",
        f"{known.memory_bandwidth / GIGA:,.0f}",
        f"{known.bf16_flops / TERA:,.4g}",
        f"{known.fp8_flops / TERA:,.4g}" if known.fp8_flops else "no",
        f"{known.int8_flops / TERA:,.4g}",
        f"{known.link}, {known.interconnect / GIGA:.0f} GB/s",
        f"`{known.resource}`",
        ", ".join(known.aliases),
        known.source,
    )


def _labels() -> str:
    text = (
        "By which labels nodes are chosen. GPU feature discovery and AMD's node labeller write theirs when the node "
        "runs; an autoscaler that has to create the first node knows only those of GKE and Karpenter."
    )
    rows = (
        (f"`{known.name}`", provider, f"`{label.key}`", ", ".join(f"`{value}`" for value in label.values), label.writer)
        for known in ACCELERATORS.values()
        for provider in ("other", "gke", "eks")
        for label in node_labels(known, provider)
        if provider == "other" or label.before_node
    )
    return _table("Node labels", text, ("Accelerator", "Provider", "Label", "Values", "Written by"), rows)


def _machines() -> str:
    dates = "; ".join(f"{cloud}: {asked}" for cloud, (asked, _) in LISTS.items())
    text = (
        "List prices in US dollars for one accelerator and hour, the machine included; a price in the service file "
        f"comes first. Asked on: {dates}. Spot prices marked with * hold an assumption, which the last column tells."
    )
    columns = (
        "Machine",
        "Cloud",
        "Accelerators",
        "vCPU",
        "GiB",
        "NUMA",
        "Region",
        "On demand",
        "Spot",
        "Spot price from",
    )
    return _table("Machines and prices", text, columns, (_machine(known) for known in INSTANCES.values()))


def _machine(known: Instance) -> tuple[str, ...]:
    listed = PRICES.get(known.name)
    size = (
        f"`{known.name}`",
        known.cloud,
        f"{known.count} x {known.accelerator}",
        str(known.vcpus),
        f"{known.memory_bytes // GIB:,}",
        str(known.numa_nodes or "not known"),
    )
    if listed is None:
        return (*size, "", "not known", "not known", "")
    spot = f"{listed.spot / known.count:.3f}{'*' if listed.spot_assumed else ''}"
    return (*size, listed.region, f"{listed.on_demand / known.count:.3f}", spot, listed.spot_basis)


def _kubernetes() -> str:
    text = (
        "Stages: a alpha, b beta, s stable, - absent or removed; a capital is on by default. The API is given where "
        f"the feature is one; versions after 1.{NEWEST_MINOR} are taken to be like it."
    )
    columns = ("Feature", "Written as", *(f"1.{minor}" for minor in _MINORS), "API", "Note", "Source")
    return _table("Kubernetes features", text, columns, (_feature(known) for known in FEATURES.values()))


def _feature(known: Feature) -> tuple[str, ...]:
    states = [known.at(minor) for minor in _MINORS]
    apis: dict[str, int] = {}
    for state in states:
        if state.api:
            apis.setdefault(state.api, state.minor)
    forms = ", ".join(f"{api} from 1.{minor}" if minor > OLDEST_MINOR else api for api, minor in apis.items())
    return known.name, known.writes, *(_letter(state) for state in states), forms, known.note, known.source


def _letter(state: FeatureState) -> str:
    letter = {Stage.ALPHA: "a", Stage.BETA: "b", Stage.STABLE: "s"}.get(state.stage, "-")
    return letter.upper() if state.enabled else letter


def _sources() -> str:
    lists = [f"- Prices, {cloud}: {source}." for cloud, (_, source) in LISTS.items()]
    machines = [f"- Machines, {cloud}: {source}." for cloud, source in _machine_sources().items()]
    models = [f"- {known.name}: {known.source}." for known in MODELS.values()]
    kubernetes = ["- Kubernetes: the feature gates and API versions in its sources, and the named enhancements (KEP)."]
    return "## Sources\n\n" + "\n".join([*models, *machines, *lists, *kubernetes]) + "\n"


def _machine_sources() -> dict[str, str]:
    return {known.cloud: known.source for known in INSTANCES.values()}
