import pytest

from engines.accounting import Meter, shares


@pytest.mark.parametrize("rows", [0, 1, 500, 10_000, 100_000, 100_001, 1_000_000])
@pytest.mark.parametrize("encoded", [True, False])
def test_shares_make_a_whole(rows, encoded):
    found = shares(rows, encoded=encoded)
    assert sum(found.values()) == pytest.approx(1.0)
    assert min(found.values()) >= 0


def test_neighbors_of_many_rows_are_most_of_a_run_and_those_of_few_next_to_nothing():
    assert shares(1_000, encoded=False)["neighbors"] < 0.01
    assert shares(100_000, encoded=False)["neighbors"] > 0.4


def test_a_step_that_turned_out_small_counts_as_small():
    seen = []
    meter = Meter(lambda fraction, _: seen.append(fraction))
    meter.step("embed", 0.39)(0.1, "reading")
    meter.step("embed", 0.02)(1.0, "read")
    meter.step("neighbors", 0.98)(0.5, "half")
    assert seen == pytest.approx([0.039, 0.02, 0.51])
