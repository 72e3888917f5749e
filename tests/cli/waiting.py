# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that wait to be certified, as `ca serve` leaves them in the ledger.

What `ca serve` would write when a request comes over the network is written here by hand: the
commands that decide about it need no network.
"""

import base64
import contextlib
import sqlite3
import time

from authority import Host


def ask(site, name):
    """NAME.req: what a host asks. Nobody waits for the answer."""
    host = Host(site.path.parent / ("host-" + name))
    host.file("study.ca", site.tell("ca", "export", "--ca"))
    text = host.tell("request", name, "--ca", "study.ca")
    site.file(name + ".req", text)
    return base64.b64decode("".join(text.splitlines()[1:-1]))


def _put(site, name, object_, **column):
    key = base64.b64decode(site.json("inspect", name + ".req")["key"])
    (who, value), = column.items()
    with contextlib.closing(sqlite3.connect(site.state / "ca.db")) as db:
        db.execute("INSERT INTO request (%s, name, key, object, came, status)"
                   " VALUES (?, ?, ?, ?, ?, 'waiting')" % who,
                   (value or key, name, key, object_, int(time.time())))
        db.commit()


def _token(site, name):
    with contextlib.closing(sqlite3.connect(site.state / "ca.db")) as db:
        return db.execute("SELECT id FROM token WHERE name = ?", (name,)).fetchone()[0]


def invited(site, name, approve=True):
    """Somebody has shown the token of `name`, and a person has to say yes."""
    site.tell("invite", name, *["--approve"] if approve else [])
    _put(site, name, ask(site, name), token=_token(site, name))


def member(site, name):
    """A member whose certificate was signed without a file of ours asks for the next one."""
    object_ = ask(site, name)
    site.tell("sign", name, "--request", name + ".req", "--yes")
    _put(site, name, object_, member=None)
