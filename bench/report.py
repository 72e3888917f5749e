# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make bench` says: ratios, a table, a plot.

A run is the dict that bench.json holds: .results is {network: {load: {program:
[figures of each round]}}}. A figure is what a load returned, by name.
"""

from html import escape
from statistics import median

US, CEILING = "mpynet", "raw"

# What the table shows: heading, load, figure, how it is written, is more better?
COLUMNS = (
    ("Gbit/s", "tcp1", "gbit", "%.2f", True),
    ("back", "tcp1_back", "gbit", "%.2f", True),
    ("4 str.", "tcp4", "gbit", "%.2f", True),
    ("4 back", "tcp4_back", "gbit", "%.2f", True),
    ("both", "tcp_both", "gbit", "%.2f", True),
    ("s/GB", "tcp1", "vpn_s_per_gb", "%.2f", False),
    ("machine", "tcp1", "machine_s_per_gb", "%.2f", False),
    ("RR/s", "rr", "rate", "%.0f", True),
    ("p50 us", "rr", "p50_us", "%.0f", False),
    ("p99 us", "rr", "p99_us", "%.0f", False),
    ("us/RR", "rr", "vpn_us", "%.1f", False),
    ("ping p50", "ping", "p50_ms", "%.2f", False),
    ("p99 ms", "ping", "p99_ms", "%.2f", False),
    ("small/s", "small", "rate", "%.0f", True),
    ("us each", "small", "vpn_us", "%.2f", False),
    ("MPyC s", "mpyc", "seconds", "%.2f", False),
    ("set-up s", "setup", "seconds", "%.3f", False),
    ("MB", "memory", "now_mb", "%.1f", False),
)

# What we want: words, load, figure, of whom (None: the best of all others), limit, more is better?
GOALS = (
    ("throughput, one stream", "tcp1", "gbit", "wireguard-go", 2.2, True),
    ("throughput, four streams back", "tcp4_back", "gbit", "wireguard-go", 2.2, True),
    ("CPU of the programs per byte", "tcp1", "vpn_s_per_gb", "wireguard-go", 0.5, False),
    ("throughput, one stream", "tcp1", "gbit", "nebula", 8, True),
    ("requests and responses", "rr", "rate", None, 2.2, True),
    ("CPU per request", "rr", "vpn_us", None, 1, False),
    ("p99 of a request", "rr", "p99_us", None, 1, False),
    ("small packets", "small", "rate", None, 1, True),
    ("ping under load, median", "ping", "p50_ms", None, 1, False),
    ("ping under load, p99", "ping", "p99_ms", None, 1, False),
    ("time to set up", "setup", "seconds", None, None, False),
    ("memory", "memory", "now_mb", None, None, False),
)
# An MPyC program is compared with the network itself.
MPYC_LIMIT = {"veth": 1.6, "plain": 1.6, "far": 1.1}


def middle(results, load, program, figure):
    """The median of a figure over the rounds in which it was measured, or None."""
    values = [r[figure] for r in results.get(load, {}).get(program, []) if r and figure in r]
    return median(values) if values else None


def best(results, load, figure, more):
    """The program among the others whose median is best."""
    known = {p: middle(results, load, p, figure) for p in results.get(load, {})
             if p not in (US, CEILING)}
    known = {p: value for p, value in known.items() if value is not None}
    return (max if more else min)(known, key=known.get) if known else None


def ratio(results, load, figure, other):
    """The median of the rounds' ratios of our figure to another's."""
    ours, theirs = (results.get(load, {}).get(p, []) for p in (US, other))
    pairs = [(a[figure], b[figure]) for a, b in zip(ours, theirs) if a and b]
    ratios = [a / b for a, b in pairs if b]
    return median(ratios) if ratios else None


def verdict(value, limit, more):
    if limit is None:
        return ""
    met = value >= limit if more else value <= limit
    return "%s %-5g %s" % (">=" if more else "<=", limit, "yes" if met else "NO")


def goals(network, results):
    """Those that this network can meet: on the long wire its length decides all but one."""
    if network != "far":
        for words, load, figure, other, limit, more in GOALS:
            yield words, load, figure, other or best(results, load, figure, more), limit, more
    yield "an MPyC program, by time", "mpyc", "seconds", CEILING, MPYC_LIMIT[network], False


def ratios(network, results):
    lines = []
    for words, load, figure, other, limit, more in goals(network, results):
        value = ratio(results, load, figure, other)
        if value is not None:
            lines.append("  %-32s %7.2f x %-14s %s" % (
                words, value, other, verdict(value, limit, more)))
    return lines


def rows(results):
    """The heading and a line for each program; columns that nobody has are left out."""
    programs = list(dict.fromkeys(p for load in results.values() for p in load))
    columns = [c for c in COLUMNS if any(
        middle(results, c[1], p, c[2]) is not None for p in programs)]
    yield ["", *(c[0] for c in columns)]
    for program in programs:
        values = (middle(results, c[1], program, c[2]) for c in columns)
        yield [program, *("-" if v is None else c[3] % v for c, v in zip(columns, values))]


def aligned(lines):
    lines = list(lines)
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        yield "  " + "  ".join([line[0].ljust(widths[0]), *(
            cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))])


def table(run):
    lines = ["%(cpu)s, %(cores)d cores, Linux %(kernel)s, %(time)s" % run["machine"],
             "medians of %d rounds, %g s a load; %s" % (
                 run["rounds"], run["seconds"],
                 ", ".join("%s %s" % pair for pair in run["versions"].items()))]
    for network, results in run["results"].items():
        lines += ["", "%s: %s" % (network, run["networks"][network]), ""]
        lines += ratios(network, results)
        lines += ["", *aligned(rows(results))]
    return "\n".join(lines) + "\n"


# The plot: a panel for each column and network, a bar for each program

BAR, GAP, LABEL, WIDTH, ACROSS = 16, 5, 100, 330, 3
SHOWN = ("Gbit/s", "4 back", "s/GB", "RR/s", "p99 us", "ping p50", "p99 ms", "small/s", "MPyC s")
COLOURS = {US: "#1f6fb2", CEILING: "#bbbbbb"}


def text(x, y, words, **more):
    extra = "".join(' %s="%s"' % (k.replace("_", "-"), v) for k, v in more.items())
    return '<text x="%g" y="%g"%s>%s</text>' % (x, y, extra, escape(words))


def panel(x, y, title, figures, form):
    """Bars from `figures`, {program: value}, with their values written behind them."""
    room = WIDTH - LABEL - 70
    most = max(figures.values()) or 1
    parts = [text(x, y + 12, title, font_weight="bold")]
    for i, (program, value) in enumerate(figures.items()):
        top = y + 20 + i * (BAR + GAP)
        width = room * value / most
        parts += [text(x + LABEL - 6, top + 12, program, text_anchor="end"),
                  '<rect x="%g" y="%g" width="%.1f" height="%d" fill="%s"/>' % (
                      x + LABEL, top, width, BAR, COLOURS.get(program, "#d9a441")),
                  text(x + LABEL + width + 4, top + 12, form % value)]
    return "\n".join(parts)


def panels(run):
    """Title, figures and form of everything that is worth a panel."""
    for network, results in run["results"].items():
        for heading, load, figure, form, more in COLUMNS:
            if heading not in SHOWN:
                continue
            known = {p: middle(results, load, p, figure) for p in results.get(load, {})}
            known = {p: value for p, value in known.items() if value is not None}
            if known:
                yield ("%s: %s %s (%s is better)" % (
                    network, load, heading, "more" if more else "less"), known, form)


def plot(run):
    drawn = list(panels(run))
    height = 40 + max([len(figures) for _, figures, _ in drawn] or [0]) * (BAR + GAP)
    down = -(-len(drawn) // ACROSS)
    parts = [panel(10 + i % ACROSS * WIDTH, 30 + i // ACROSS * height, *one)
             for i, one in enumerate(drawn)]
    heading = "%(cpu)s, %(cores)d cores, Linux %(kernel)s, %(time)s" % run["machine"]
    return "\n".join([
        '<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" '
        'font-family="sans-serif" font-size="12">' % (20 + ACROSS * WIDTH, 40 + down * height),
        '<rect width="100%" height="100%" fill="white"/>', text(10, 18, heading), *parts,
        "</svg>"]) + "\n"
