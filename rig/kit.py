"""What nodes are made of: where each part is, once it has been fetched or built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rig import build, crds, debian, images
from rig.build import Programs
from rig.progress import Say
from rig.versions import Release


@dataclass(frozen=True, slots=True)
class Kit:
    """What nodes are made of.

    Attributes:
        packages: The unpacked packages of Debian.
        kubernetes: The folder with the kubelet and kube-proxy.
        own: The folder with the rig's own programs for nodes.
        pause: The archive of the image of which every pod's sandbox is made.
        addons: Programs that run beside the control plane, by name.
        stages: The folder of KWOK's stages.
        groups: The folder of LeaderWorkerSet's custom resource, whose controller always runs.
    """

    packages: Path
    kubernetes: Path
    own: Path
    pause: Path
    addons: Mapping[str, Path]
    stages: Path
    groups: Path


def find(release: Release, programs: Programs, cache: Path, say: Say) -> Kit:
    """Return the parts, fetching and building those that the cache lacks.

    Raises:
        UnavailableError: This machine cannot have them.
        BuildError: Go failed.
    """
    return Kit(
        debian.unpacked(debian.NODE, cache, say),
        programs.kubernetes,
        build.node_programs(release, cache, say),
        images.pause(cache, say),
        build.addon_programs(cache, say),
        crds.fetch_one(crds.STAGES, cache, say),
        crds.fetch_one(crds.GROUPS, cache, say),
    )
