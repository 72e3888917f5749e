# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/abuse.md and docs/faults.md name tests that are there."""

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


def named(doc):
    """The tests in the last column of its tables."""
    rows = re.findall(r"^\|.*\|([^|]*)\|$", (ROOT / "docs" / doc).read_text(), flags=re.M)
    return [name for row in rows for name in re.findall(r"`([\w-]+)`", row)]


def test_every_test_of_the_tables_is_there(place):
    known = names()
    for doc, least in ("abuse.md", 80), ("faults.md", 30):
        said = named(doc)
        check(len(said) > least, "only", len(said), "tests are named in", doc)
        missing = sorted(set(said) - known)
        check(not missing, doc, "names what is not there:", missing)
    check(place)
