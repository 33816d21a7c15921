import math

import pytest

from beaufort.plan.queue.wavering import wavering


def moments(batches: list[tuple[float, float]]) -> tuple[float, float]:
    mean = sum(share * count for count, share in batches)
    return mean, sum(share * (count - mean) ** 2 for count, share in batches)


@pytest.mark.parametrize("balance", [0.5, 3.0, 12.0, 60.0, 200.0])
def test_a_server_without_bounds_holds_a_poisson_number(balance: float) -> None:
    batches = wavering(lambda count: count, balance, balance, 1.0, 1000)
    assert sum(share for _, share in batches) == pytest.approx(1)
    assert moments(batches) == pytest.approx((balance, balance), rel=0.06)


@pytest.mark.parametrize("balance", [5.0, 60.0])
def test_noise_widens_it_and_leaves_its_mean(balance: float) -> None:
    mean, variance = moments(wavering(lambda count: count, balance, balance, 4.0, 10_000))
    assert mean == pytest.approx(balance, rel=0.12)
    assert variance == pytest.approx(4 * balance, rel=0.25)


def test_a_slow_server_is_full_as_often_as_erlang_says() -> None:
    # M/M/c with 20 servers at 16: the probability that all are busy is Erlang's C.
    servers, offered = 20, 16.0
    terms = [offered**count / math.factorial(count) for count in range(servers)]
    last = offered**servers / math.factorial(servers) * servers / (servers - offered)
    erlang = last / (sum(terms) + last)
    batches = wavering(lambda count: min(count, servers), offered, offered, 1.0, servers)
    assert batches[-1][1] + batches[-2][1] == pytest.approx(erlang, rel=0.25)


def test_one_that_never_settles_is_full_always() -> None:
    assert wavering(lambda count: count / 10, 10.0, 20.0, 1.0, 20)[-1][1] == 1
