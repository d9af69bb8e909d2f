"""What holds where many want the same at once also holds where their transactions take turns."""

import pytest

from test_timer_processes import (
    test_many_changes_at_once_in_any_order_lock_nobody_out,
    test_whatever_is_asked_of_a_timer_at_once_it_stays_one_timer,
)
from test_unique_field_races import (
    test_a_field_that_becomes_unique_while_writers_run_has_no_duplicates,
    test_of_twelve_who_want_a_value_at_once_one_gets_it,
    test_who_comes_second_waits_for_what_becomes_of_the_first,
)

__all__ = (
    "test_a_field_that_becomes_unique_while_writers_run_has_no_duplicates",
    "test_many_changes_at_once_in_any_order_lock_nobody_out",
    "test_of_twelve_who_want_a_value_at_once_one_gets_it",
    "test_whatever_is_asked_of_a_timer_at_once_it_stays_one_timer",
    "test_who_comes_second_waits_for_what_becomes_of_the_first",
)

pytestmark = pytest.mark.parametrize("settings", ["postgresql"], indirect=True, scope="session")
