"""The devices of a node: the file that the device plugin watches, and their health."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from beaufort.errors import Problem, UsageError
from rig.cache import write
from rig.inventory import Node


class Device(BaseModel):
    """One device.

    Attributes:
        id: Its name, such as ``nvidia-0``.
        numa: The NUMA node that it is at.
        healthy: Whether it is offered to pods.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    numa: int
    healthy: bool = True


class Devices(BaseModel):
    """The devices of a node.

    Attributes:
        resource: The extended resource that they are.
        variable: The environment variable that names those of a container.
        devices: Each of them.
    """

    model_config = ConfigDict(frozen=True)

    resource: str
    variable: str
    devices: tuple[Device, ...]

    @classmethod
    def of(cls, node: Node) -> Devices:
        """Return the devices of a node, all healthy."""
        each = (node.device(index) for index in range(node.devices))
        return cls(
            resource=node.resource,
            variable=node.variable,
            devices=tuple(Device(id=name, numa=numa) for name, numa in each),
        )

    def with_health(self, index: int, *, healthy: bool) -> Devices:
        """Return them with another health of one.

        Raises:
            UsageError: There is no such device.
        """
        if not 0 <= index < len(self.devices):
            what = f"there is no device {index}: {self.resource} has 0 to {len(self.devices) - 1}"
            raise UsageError(Problem(what))
        changed = self.devices[index].model_copy(update={"healthy": healthy})
        return self.model_copy(update={"devices": (*self.devices[:index], changed, *self.devices[index + 1 :])})


def save(file: Path, devices: Devices) -> None:
    """Write the file, which the device plugin notices."""
    write(file, devices.model_dump_json() + "\n")


def load(file: Path) -> Devices:
    """Return what the file says."""
    return Devices.model_validate_json(file.read_text())
