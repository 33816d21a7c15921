"""One alert, with what all have in common: whose it is, how urgent, and where to read what to do."""

from __future__ import annotations

from beaufort.render.manifest import Json
from beaufort.render.setting import Setting


def alert(
    setting: Setting,
    name: str,
    expr: str,
    *,
    lasting: str,
    severity: str,
    summary: str,
    description: str,
    **labels: str,
) -> Json:
    """Return the rule.

    Args:
        setting: What is rendered.
        name: The alert's name, and that of its runbook.
        expr: The expression that returns a series while it is so.
        lasting: How long it has to be so.
        severity: `critical` or `warning`.
        summary: One sentence without figures, so that notifications can be grouped.
        description: What is seen, with the value.
        labels: Further labels: several rules of one alert each need one of their own.
    """
    return {
        "alert": name,
        "expr": expr,
        "for": lasting,
        "labels": {"severity": severity, "namespace": setting.namespace, "service": setting.name, **labels},
        "annotations": {
            "summary": f"{summary} ({setting.name})",
            "description": description,
            "runbook_url": f"{setting.spec.monitoring.runbooks.rstrip('/')}/{name}",
        },
    }
