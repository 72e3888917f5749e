# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of half a minute, under which the network changes."""

from test_run_faults import what_fails_below_a_run_changes_no_result
from test_watch import a_party_that_is_cut_off_stalls_and_every_attempt_is_reported

SCENARIOS = (
    what_fails_below_a_run_changes_no_result,
    a_party_that_is_cut_off_stalls_and_every_attempt_is_reported,
)
