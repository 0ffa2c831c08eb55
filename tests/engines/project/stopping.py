import pytest

from engines.errors import Cancelled


def assert_stops_in_each_phase(run, limits):
    """Call ``run(progress=...)`` once per limit with a progress that cancels there; it ends soon after."""
    for limit in limits:
        seen = []

        def stop(fraction, message, limit=limit, seen=seen):
            seen.append(fraction)
            if fraction >= limit:
                raise Cancelled

        with pytest.raises(Cancelled):
            run(progress=stop)
        assert seen[-1] < limit + 0.1
