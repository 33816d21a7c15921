from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml

from beaufort.plan.plan import Plan
from beaufort.render import Setting, monitoring
from beaufort.render.manifest import annotations_of, kind_of, metadata_of
from beaufort.render.monitoring.dashboard import config_map, dashboard
from beaufort.render.names import Names

# Grafana puts these in before it asks Prometheus.
VARIABLES = {"$__rate_interval": "5m"}


def _panels(setting: Setting) -> list[dict[str, list[dict[str, str]]]]:
    panels: list[dict[str, list[dict[str, str]]]] = json.loads(dashboard(setting))["panels"]
    return panels


def _dashboard_queries(setting: Setting) -> Iterator[str]:
    for panel in _panels(setting):
        for target in panel.get("targets", []):
            expr = target["expr"]
            for variable, value in VARIABLES.items():
                expr = expr.replace(variable, value)
            yield expr


def _rule_queries(setting: Setting) -> Iterator[str]:
    for group in yaml.safe_load(json.dumps(monitoring.groups(setting))):
        for rule in group["rules"]:
            yield rule["expr"]


def _metrics(expr: str) -> set[str]:
    """Return the names of the series that an expression asks for."""

    def walk(node: object) -> Iterator[str]:
        if isinstance(node, promql_parser.VectorSelector):
            yield str(node.name)
        for below in ("vector_selector", "expr", "lhs", "rhs"):
            if (found := getattr(node, below, None)) is not None:
                yield from walk(found)
        args = getattr(node, "args", None)
        for argument in args if isinstance(args, list) else []:
            yield from walk(argument)

    return set(walk(promql_parser.parse(expr)))


def test_every_query_can_be_parsed_and_asks_for_something(plan: Plan) -> None:
    for region in plan.regions:
        setting = Setting(plan, region, 30)
        queries = [*_dashboard_queries(setting), *_rule_queries(setting)]
        assert len(queries) > 40
        for expr in queries:
            assert _metrics(expr), expr


def test_what_is_shown_from_a_recording_is_recorded(plan: Plan) -> None:
    setting = Setting(plan, plan.regions[0], 30)
    groups = yaml.safe_load(json.dumps(monitoring.groups(setting)))
    recorded = {rule["record"] for group in groups for rule in group["rules"] if "record" in rule}
    asked = {
        name
        for expr in (*_dashboard_queries(setting), *_rule_queries(setting))
        for name in _metrics(expr)
        if name.startswith("beaufort:")
    }
    assert asked <= recorded


def test_a_wrong_query_would_be_found() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        promql_parser.parse("sum(rate(up[5m])")
    assert _metrics("sum by (pod) (rate(a_total[5m])) / b or vector(0)") == {"a_total", "b"}


def test_the_sidecar_finds_the_dashboard(setting: Setting) -> None:
    held = config_map(setting)
    labels = metadata_of(held)["labels"]
    assert isinstance(labels, dict)
    assert labels["grafana_dashboard"] == "1"
    assert annotations_of(held) == {"grafana_folder": "Beaufort"}


def test_panels_fill_rows_without_overlap(setting: Setting) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(dashboard(setting))["panels"]:
        grid = panel["gridPos"]
        cells = {(grid["x"] + x, grid["y"] + y) for x in range(grid["w"]) for y in range(grid["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_panels_ask_the_chosen_prometheus_and_have_a_unit(setting: Setting) -> None:
    for panel in json.loads(dashboard(setting))["panels"]:
        if panel["type"] == "row":
            continue
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


def test_both_vendors_have_their_own_names(named: Callable[..., Setting]) -> None:
    nvidia, amd = dashboard(named("spot")), dashboard(named("amd"))
    assert "DCGM_FI_PROF_GR_ENGINE_ACTIVE" in nvidia
    assert "gpu_gfx_activity" in amd
    assert "DCGM" not in amd


def test_without_dashboards_there_is_none(adjusted: Callable[..., Plan], named: Callable[..., Setting]) -> None:
    plan = adjusted(named("spot").plan, monitoring={"dashboards": False})
    kinds = {kind_of(each) for each in monitoring.render(Setting(plan, plan.regions[0], 30)).manifests}
    assert kinds == {"PodMonitor", "PrometheusRule"}


def test_the_name_fits_grafana() -> None:
    assert len(Names("s" * 63, "n" * 63).dashboard) <= 40


def test_every_metric_of_the_gateway_is_one_that_it_has(setting: Setting, gateway_metrics: set[str]) -> None:
    asked = {
        name
        for expr in (*_dashboard_queries(setting), *_rule_queries(setting))
        for name in _metrics(expr)
        if name.startswith("beaufort_gateway_")
    }
    assert asked
    assert asked <= gateway_metrics


@pytest.fixture
def gateway_metrics() -> set[str]:
    """Return the names of all samples that the gateway's reference page lists."""
    page = Path(__file__).parents[3].joinpath("docs/reference/gateway.md").read_text("utf-8")
    return set(re.findall(r"`(beaufort_gateway_\w+)`", page))
