from pathlib import Path

import pytest

from beaufort.errors import UsageError
from rig import devices
from rig.devices import Devices
from rig.inventory import nodes

LAB = nodes(numa=2)[0]


def test_what_is_saved_is_what_the_plugin_reads(tmp_path: Path) -> None:
    devices.save(tmp_path / "devices.json", Devices.of(LAB))
    found = devices.load(tmp_path / "devices.json")
    assert found.resource == "nvidia.com/gpu"
    assert [(each.id, each.numa, each.healthy) for each in found.devices] == [
        ("nvidia-0", 0, True),
        ("nvidia-1", 0, True),
        ("nvidia-2", 1, True),
        ("nvidia-3", 1, True),
    ]


def test_one_device_fails_and_is_repaired() -> None:
    every = Devices.of(LAB)
    broken = every.with_health(2, healthy=False)
    assert [each.healthy for each in broken.devices] == [True, True, False, True]
    assert broken.with_health(2, healthy=True) == every


@pytest.mark.parametrize("index", [-1, 4])
def test_a_device_that_is_not_there_is_told(index: int) -> None:
    with pytest.raises(UsageError, match=f"there is no device {index}: nvidia.com/gpu has 0 to 3"):
        Devices.of(LAB).with_health(index, healthy=False)
