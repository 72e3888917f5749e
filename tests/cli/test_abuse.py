# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/abuse.md names tests that are there."""

import re

from authority import check
from place import ROOT


def names():
    """Every test, function and scenario in tests/."""
    found = set()
    for file in (ROOT / "tests").glob("*/**/*.[cp]*"):
        if file.suffix in (".c", ".py"):
            text = file.read_text()
            found.update(re.findall(r"^TEST\((\w+)\)", text, flags=re.M))
            found.update(re.findall(r"^def (\w+)\(", text, flags=re.M))
            if file.parent.name == "sim":
                found.update(re.findall(r'"([a-z-]+)"', text))
    return found


def test_every_test_of_the_table_is_there(place):
    rows = re.findall(r"^\|[^|]*\|(.*)\|$", (ROOT / "docs" / "abuse.md").read_text(), flags=re.M)
    said = [name for row in rows for name in re.findall(r"`([\w-]+)`", row)]
    check(len(said) > 80, "only", len(said), "tests are named")
    missing = sorted(set(said) - names())
    check(not missing, "docs/abuse.md names what is not there:", missing)
    check(place)
