# SPDX-License-Identifier: GPL-3.0-or-later
"""What test_bulk.py sends, many times as much: about a gigabyte over the good wire."""

import functools

import test_bulk

SCALES = {
    test_bulk.a_good_wire_gives_everything_back_in_order: 32,
    test_bulk.a_bad_wire_spoils_nothing: 25,
    test_bulk.a_bad_wire_may_be_one_of_ipv6: 25,
    test_bulk.what_a_kernel_does_not_have_is_done_without: 10,
    test_bulk.nothing_is_lost_of_what_only_comes_late_or_twice: 20,
    test_bulk.a_relayed_transfer_is_exact: 5,
    test_bulk.a_wire_that_says_it_is_narrow_costs_no_byte: 10,
    test_bulk.a_wire_that_is_narrow_without_a_word_costs_no_byte: 10,
    test_bulk.a_host_behind_a_node_transfers_through_it: 25,
    test_bulk.a_narrow_office_is_reached_through_a_node: 25,
    test_bulk.a_stock_wireguard_gets_what_was_sent: 25,
}


def much(scenario, scale):
    @functools.wraps(scenario)
    def run(lab):
        return scenario(lab, scale)
    return run


SCENARIOS = [much(scenario, scale) for scenario, scale in SCALES.items()]
