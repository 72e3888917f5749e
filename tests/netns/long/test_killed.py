# SPDX-License-Identifier: GPL-3.0-or-later
"""A token is one certificate wherever `join` and `ca serve` are killed, or a disk fails."""

from killing import FAILURES, KILLS, join_is_killed, serve_goes_wrong


def join_is_killed_at_two_hundred_points(lab):
    return join_is_killed(lab, 200)


def ca_serve_is_killed_at_thirty_points(lab):
    return serve_goes_wrong(lab, 30, *KILLS)


def the_disk_of_ca_serve_fails_at_thirty_points(lab):
    return serve_goes_wrong(lab, 30, *FAILURES)


SCENARIOS = (
    join_is_killed_at_two_hundred_points,
    ca_serve_is_killed_at_thirty_points,
    the_disk_of_ca_serve_fails_at_thirty_points,
)
