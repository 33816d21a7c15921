import pytest

from beaufort.spec.traffic import Bursty, Constant, Diurnal, Mean, Spikes, Synthetic
from beaufort.traffic.course import Daily, Spiking, Steady
from beaufort.traffic.demand import synthetic


def test_figures_become_a_demand() -> None:
    shape = Diurnal(kind="diurnal", peak=2.5, period=86400.0)
    demand = synthetic(Synthetic(rate=4.0, prompt_tokens=Mean(mean=100.0), shared_prefix=0.4, shape=shape))
    assert demand.course == Daily(2.5, 86400)
    assert demand.peak_rate == pytest.approx(10)
    assert (demand.shared, demand.dispersion) == (0.4, 1)
    assert demand.prompt.mean == pytest.approx(100, rel=0.001)


def test_each_shape_has_its_course_and_its_dispersion() -> None:
    assert synthetic(Synthetic(shape=Constant(kind="constant"))).course == Steady()
    assert synthetic(Synthetic(shape=Diurnal(kind="diurnal", peak=1.0))).course == Steady()
    spikes = synthetic(Synthetic(shape=Spikes(kind="spikes", height=3.0, every=1800.0, lasting=120.0)))
    assert spikes.course == Spiking(3, 120 / 1800)
    bursty = synthetic(Synthetic(shape=Bursty(kind="bursty", variation=3.0)))
    assert (bursty.course, bursty.dispersion) == (Steady(), 9)
