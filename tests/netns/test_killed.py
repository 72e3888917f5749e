# SPDX-License-Identifier: GPL-3.0-or-later
"""A token is one certificate whoever is killed; a sample, of which long/ has all."""

from killing import FAILURES, KILLS, join_is_killed, serve_goes_wrong


def a_join_that_is_killed_goes_on_with_one_certificate(lab):
    return join_is_killed(lab, 8)


def an_authority_that_is_killed_goes_on_with_one_certificate(lab):
    return serve_goes_wrong(lab, 3, *KILLS)


def an_authority_whose_disk_fails_gives_one_certificate(lab):
    return serve_goes_wrong(lab, 3, *FAILURES)


SCENARIOS = (
    a_join_that_is_killed_goes_on_with_one_certificate,
    an_authority_that_is_killed_goes_on_with_one_certificate,
    an_authority_whose_disk_fails_gives_one_certificate,
)
