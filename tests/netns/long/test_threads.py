# SPDX-License-Identifier: GPL-3.0-or-later
"""Several threads in a node, before the eyes of ThreadSanitizer."""

import functools
import os
import pathlib

import mesh
import test_workers
from lab import Failed


def watched(scenario):
    """The scenario with a build that writes down every race that it sees."""
    @functools.wraps(scenario)
    def run(lab):
        mesh.MPYNET = str(pathlib.Path(os.environ["MPYNET_BUILD"]) / "san-thread" / "mpynet")
        os.environ["TSAN_OPTIONS"] = "halt_on_error=0 log_path=%s/race" % lab.dir
        told = scenario(lab)
        races = sorted(lab.dir.glob("race.*"))
        if races:
            raise Failed("%d daemons saw races:\n%s" % (len(races), races[0].read_text()[:4000]))
        return told
    return run


SCENARIOS = [watched(scenario) for scenario in test_workers.SCENARIOS]
