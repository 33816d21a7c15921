import os

from beaufort.gateway.line_writer import LineWriter


def test_lines_arrive_in_order_and_whole() -> None:
    reader, writer = os.pipe()
    lines = LineWriter(writer)
    for number in range(20_000):  # several batches, far more than a pipe holds
        lines.write(f"{number}\n")
    lines.flush()
    received = b""
    while received.count(b"\n") < 20_000:
        received += os.read(reader, 65536)
    lines.close()
    os.close(reader)
    os.close(writer)
    assert received.split() == [b"%d" % number for number in range(20_000)]
    assert lines.dropped == 0


def test_a_reader_that_stopped_costs_lines_but_never_waits_for_memory() -> None:
    reader, writer = os.pipe()
    lines = LineWriter(writer)
    for _ in range(100):
        lines.write("x" * 100_000 + "\n")
        lines.flush()
    assert lines.dropped > 0
    drained = 0
    while drained < (100 - lines.dropped) * 100_001:
        drained += len(os.read(reader, 1 << 20))
    lines.close()
    os.close(reader)
    os.close(writer)


def test_a_reader_that_left_costs_lines_only() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    lines = LineWriter(writer)
    lines.write("x\n")
    lines.close()
    os.close(writer)
    assert lines.dropped == 1


def test_nothing_to_write_needs_no_thread() -> None:
    lines = LineWriter(2)
    lines.flush()
    lines.close()
    assert lines._thread is None
