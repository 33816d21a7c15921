"""The profile of the second scheduler."""

from __future__ import annotations

from beaufort.catalog.kubernetes import state
from beaufort.render.manifest import Json, Manifest, yaml_text
from beaufort.render.setting import Setting

COMPONENT = "scheduler"
FILE = "scheduler.yaml"
_WEIGHT = 10  # with less the other scores outweigh it


def _profile(setting: Setting) -> dict[str, Json]:
    """Return the scheduler's profile."""
    packing = setting.spec.scheduling.profile == "pack"
    others = "*" if packing else "NodeResourcesFit"  # what no longer counts as it did
    return {
        "schedulerName": setting.names.scheduler,
        "plugins": {
            "score": {
                "disabled": [{"name": others}],
                "enabled": [{"name": "NodeResourcesFit", "weight": _WEIGHT}],
            },
        },
        "pluginConfig": [
            {
                "name": "NodeResourcesFit",
                "args": {
                    "scoringStrategy": {
                        "type": "MostAllocated" if packing else "LeastAllocated",
                        "resources": [{"name": setting.resource, "weight": 1}],
                    },
                },
            },
        ],
    }


def configuration(setting: Setting) -> Manifest:
    """Return what the scheduler reads at its start."""
    return {
        "apiVersion": state("KubeSchedulerConfiguration", setting.minor).api,
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {
            "leaderElect": True,
            "resourceLock": "leases",
            "resourceName": setting.names.scheduler,
            "resourceNamespace": setting.namespace,
        },
        "profiles": [_profile(setting)],
    }


def config_map(setting: Setting) -> Manifest:
    """Return what holds the configuration."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": setting.metadata(COMPONENT, setting.names.scheduler),
        "data": {FILE: yaml_text(configuration(setting))},
    }
