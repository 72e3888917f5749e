#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the test vectors, or check that the committed ones are what we write.

    make.py            write every file
    make.py --check    compare; exit 1 and name what differs

Nothing here is random: every key is the hash of what it is called.
"""

import pathlib
import sys

sys.dont_write_bytecode = True

import vectors_enrol                                             # noqa: E402
import vectors_frames                                            # noqa: E402
import vectors_letters                                           # noqa: E402
import vectors_objects                                           # noqa: E402
import vectors_runs                                              # noqa: E402
import vectors_states                                            # noqa: E402
import vectors_studies                                           # noqa: E402
import vectors_wireguard                                         # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
MAKERS = (vectors_wireguard, vectors_objects, vectors_states, vectors_studies, vectors_frames,
          vectors_enrol, vectors_runs, vectors_letters)


def text(title, blocks):
    """One file: a comment, then blocks of `name = hex` under a [title]."""
    lines = ["# " + line for line in title.splitlines()]
    lines += ["# Made by tests/vectors/make.py; see README.md there for the format."]
    for name, fields in blocks:
        lines += ["", "[%s]" % name]
        lines += ["%s = %s" % (key, value.hex()) for key, value in fields]
    return "\n".join(lines) + "\n"


def files():
    for maker in MAKERS:
        for name, title, blocks in maker.files():
            yield HERE / name, text(title, blocks)


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit("usage: make.py [--check]")
    wrong = 0
    for path, wanted in files():
        if not check:
            path.write_text(wanted)
        elif not path.exists() or path.read_text() != wanted:
            print("%s is not what make.py makes" % path.name, file=sys.stderr)
            wrong += 1
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
