from pathlib import Path

from rig import topology

GIB = 1 << 30


def test_processors_belong_to_the_numa_node_that_lists_them(tmp_path: Path) -> None:
    topology.make(tmp_path, 2, 16 * GIB)
    assert (tmp_path / "cpu" / "online").read_text() == "0-15\n"
    assert (tmp_path / "node" / "online").read_text() == "0-1\n"
    for numa in range(2):
        node = tmp_path / "node" / f"node{numa}"
        first, last = (int(each) for each in (node / "cpulist").read_text().strip().split("-"))
        assert (first, last) == (8 * numa, 8 * numa + 7)
        for cpu in range(first, last + 1):
            assert (node / f"cpu{cpu}" / "topology" / "physical_package_id").read_text() == f"{numa}\n"
        assert f"MemTotal: {8 * GIB // 1024} kB" in (node / "meminfo").read_text()
        assert [int(each) for each in (node / "distance").read_text().split()][numa] == 10


def test_it_can_be_written_again_as_when_a_node_comes_back(tmp_path: Path) -> None:
    topology.make(tmp_path, 1, GIB)
    topology.make(tmp_path, 1, GIB)
    assert (tmp_path / "node" / "online").read_text() == "0\n"
