from __future__ import annotations

import pytest

from lastmeter.definitions.lint.completeness import leave_nothing_out

VALUES = {"kind": frozenset({'"a"', '"b"', '"c"'}), "approved": frozenset({"true", "false"})}


@pytest.mark.parametrize(
    ("conditions", "complete"),
    [
        (["approved", "not(approved)"], True),
        (["true", "x"], True),
        (["x > 5", "x <= 5"], True),
        (["x >= 5", "x < 5"], True),
        (["x > 5", "x < 5"], False),
        (["x > 5", "x <= 6"], False),
        (['city = "济南"', 'city != "济南"'], True),
        (["approved = true", "approved = false"], True),
        (["approved", "approved = false"], True),
        (['kind = "a"', 'kind = "b"', 'kind = "c"'], True),
        (['kind = "a"', 'kind = "b" or kind = "c"'], True),
        (['kind in ("a", "b")', 'kind = "c"'], True),
        (['kind = "a"', 'kind = "b"'], False),
        (['kind = "a" or x', 'kind = "b"', 'kind = "c"'], True),
        (['kind = "a" and x', 'kind = "b"', 'kind = "c"'], False),
        (['other = "a"', 'other = "b"'], False),
        (["other = true", "other = false"], False),
        ([], False),
    ],
)
def test_conditions_that_leave_nothing_out(conditions: list[str], complete: bool) -> None:
    assert leave_nothing_out(conditions, VALUES) is complete
