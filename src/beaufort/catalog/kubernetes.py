"""Which version of Kubernetes serves which feature, in which form: 1.30 to 1.37.

Stages and defaults are those of the feature gates in the sources of Kubernetes 1.30.14, 1.31.14, 1.33.13, 1.34.4 and
1.37.2 (``pkg/features/kube_features.go`` and ``test/compatibility_lifecycle/reference/versioned_feature_list.yaml``),
the group-versions those of ``pkg/controlplane/instance.go`` there; the reasons are in the enhancement (KEP) that each
row names. A field that is alpha or off is dropped by the API server without an error: it has to be left out, or its
gate turned on, before anybody relies on it.

Versions of before 1.30 stand in a row only as the beginning of its history.
"""

from __future__ import annotations

from beaufort.catalog.cluster_features import NETWORK, SECURITY, STORAGE
from beaufort.catalog.features import Feature, FeatureState
from beaufort.catalog.lookup import row
from beaufort.catalog.node_features import NODE
from beaufort.catalog.workload_features import AUTOSCALING, LIFECYCLE, SCHEDULING

_ROWS = (
    *SCHEDULING,
    *AUTOSCALING,
    *LIFECYCLE,
    *STORAGE,
    *NETWORK,
    *NODE,
    *SECURITY,
)

FEATURES: dict[str, Feature] = {known.name: known for known in _ROWS}
"""Every known feature by name, grouped by what it is for."""


def feature(name: str) -> Feature:
    """Return the feature called ``name``; ``feature("VolumeAttributesClass").at(31)`` is what 1.31 has of it.

    Raises:
        UsageError: The table has no such feature; the remedy names the nearest.
    """
    return row(FEATURES, name, "feature of Kubernetes")


def served(name: str, minor: int) -> bool:
    """Return whether Kubernetes 1.``minor`` serves the feature called ``name`` without anybody turning it on.

    Raises:
        UsageError: The table has no such feature, or the version is older than the table.
    """
    return state(name, minor).enabled


def state(name: str, minor: int) -> FeatureState:
    """Return the feature called ``name`` as Kubernetes 1.``minor`` has it.

    Raises:
        UsageError: The table has no such feature, or the version is older than the table.
    """
    return feature(name).at(minor)
