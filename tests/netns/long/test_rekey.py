# SPDX-License-Identifier: GPL-3.0-or-later
"""New keys with a stock WireGuard every two minutes, and not a packet lost."""

from lab import Failed
from stock import PARTY, PHONE, PORT, Scene

REKEY = 120                 # seconds; both sides do as WireGuard's paper says
PINGS, INTERVAL = 290, 0.5


def talk_through_a_rekey(scene, pings):
    scene.comes_through(pings, 30)
    first = scene.stock.handshake()
    answered = pings(count=PINGS, interval=INTERVAL)
    later = scene.stock.handshake() - first
    if not REKEY - 1 <= later <= REKEY + 10:
        raise Failed("the last handshake was %d s after the first" % later)
    if answered != PINGS:
        raise Failed("%d of %d pings were lost" % (PINGS - answered, PINGS))
    return "new keys after %d s, %d pings" % (later, answered)


def calls(lab, psk):
    scene = Scene(lab, psk=psk)
    scene.stock.start(scene.config, PARTY + ":7717")
    return talk_through_a_rekey(scene, scene.phone_pings)


def is_called(lab, psk):
    scene = Scene(lab, psk=psk, join=["--endpoint", "%s:%d" % (PHONE, PORT)])
    scene.stock.start(scene.config)
    return talk_through_a_rekey(scene, scene.party_pings)


def a_stock_wireguard_that_called_makes_new_keys(lab):
    return calls(lab, False)


def a_stock_wireguard_that_called_makes_new_keys_with_a_psk(lab):
    return calls(lab, True)


def a_stock_wireguard_that_was_called_gets_new_keys(lab):
    return is_called(lab, False)


def a_stock_wireguard_that_was_called_gets_new_keys_with_a_psk(lab):
    return is_called(lab, True)


SCENARIOS = (
    a_stock_wireguard_that_called_makes_new_keys,
    a_stock_wireguard_that_called_makes_new_keys_with_a_psk,
    a_stock_wireguard_that_was_called_gets_new_keys,
    a_stock_wireguard_that_was_called_gets_new_keys_with_a_psk,
)
