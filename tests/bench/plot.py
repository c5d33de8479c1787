"""Lines over a logarithmic plane as SVG, readable on light and dark pages, without a library."""

import math

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 76, 150, 56, 60
# Told apart by those who see few colours too, and by their marks.
STYLES = {
    "headgate": ("#0b63c4", "#6cb4ff", "circle"),
    "bare": ("#5c5c5c", "#b0b0b0", "square"),
    "nchan": ("#b04a00", "#ffab66", "diamond"),
    "nats": ("#007a5a", "#5fd3ac", "triangle"),
}
LINE_HEIGHT = 16


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(x):
    return f"{x:,.0f}" if x >= 1 else f"{x:g}"


class Axis:
    """A logarithmic axis from the decade-step below the least value to the one above the most."""

    def __init__(self, values, begin, end):
        self.ticks = self.steps(min(values), max(values))
        self.low, self.high = math.log10(self.ticks[0]), math.log10(self.ticks[-1])
        self.begin, self.end = begin, end

    @staticmethod
    def steps(least, most):
        steps = [m * 10.0 ** e for e in range(-4, 8) for m in (1, 2, 5)]
        below = max(s for s in steps if s <= least * 1.0001)
        above = min(s for s in steps if s >= most * 0.9999)
        if below == above:
            above = steps[steps.index(above) + 1]
        return [s for s in steps if below <= s <= above]

    def at(self, value):
        return self.begin + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.begin)


def mark(shape, x, y, kind):
    if shape == "circle":
        return f'<circle class="{kind} dot" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'
    corners = {"square": [(-4, -4), (4, -4), (4, 4), (-4, 4)], "diamond": [(0, -6), (6, 0), (0, 6), (-6, 0)],
               "triangle": [(0, -6), (5.5, 4), (-5.5, 4)]}[shape]
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return f'<polygon class="{kind} dot" points="{points}"/>'


def spread(places):
    """Labels at these heights, moved so far apart that they can be read: name -> height."""
    placed, lowest = {}, -math.inf
    for y, name in sorted((y, name) for name, y in places.items()):
        lowest = max(y, lowest + LINE_HEIGHT)
        placed[name] = lowest
    over = lowest - (HEIGHT - BOTTOM)
    return {name: y - max(0, over) for name, y in placed.items()}


def style():
    rules = ["text { font: 13px system-ui, sans-serif; fill: #222 }", ".title { font-size: 16px; font-weight: 600 }",
             ".page { fill: #fff }", ".grid { stroke: #ddd; stroke-width: 1 }", ".line { fill: none; stroke-width: 2.2 }"]
    dark = ["text { fill: #e4e4e4 }", ".page { fill: #15181c }", ".grid { stroke: #363b42 }"]
    for kind, (on_light, on_dark, _) in STYLES.items():
        for rules_of, colour in ((rules, on_light), (dark, on_dark)):
            rules_of.append(f".{kind}.line {{ stroke: {colour} }} .{kind}.dot, text.{kind} {{ fill: {colour} }}")
    return "\n".join(rules) + "\n@media (prefers-color-scheme: dark) {\n" + "\n".join(dark) + "\n}"


def svg(title, x_label, y_label, lines):
    """lines: (name, kind in STYLES, [(x, y)])."""
    # What is not above nothing has no place on a logarithmic axis.
    lines = [(name, kind, [(x, y) for x, y in points if y > 0]) for name, kind, points in lines]
    lines = [line for line in lines if line[2]]
    xs = [x for _, _, points in lines for x, _ in points]
    ys = [y for _, _, points in lines for _, y in points]
    across, up = Axis(xs, LEFT, WIDTH - RIGHT), Axis(ys, HEIGHT - BOTTOM, TOP)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">',
           f"<style>\n{style()}\n</style>", f'<rect class="page" width="{WIDTH}" height="{HEIGHT}"/>',
           f'<text class="title" x="{LEFT}" y="28">{escape(title)}</text>']
    for tick in up.ticks:
        y = up.at(tick)
        out.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{plain(tick)}</text>')
    for tick in across.ticks:
        x = across.at(tick)
        out.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        out.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{plain(tick)}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.1f}" y="{HEIGHT - 16}" text-anchor="middle">{escape(x_label)}</text>')
    middle = (TOP + HEIGHT - BOTTOM) / 2
    out.append(f'<text transform="rotate(-90 20 {middle:.1f})" x="20" y="{middle:.1f}" text-anchor="middle">{escape(y_label)}</text>')
    labels = spread({name: up.at(points[-1][1]) for name, _, points in lines})
    for name, kind, points in lines:
        at = [(across.at(x), up.at(y)) for x, y in points]
        out.append(f'<polyline class="{kind} line" points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in at) + '"/>')
        out += [mark(STYLES[kind][2], x, y, kind) for x, y in at]
        out.append(f'<text class="{kind}" x="{at[-1][0] + 12:.1f}" y="{labels[name] + 4:.1f}">{escape(name)}</text>')
    return "\n".join(out + ["</svg>"]) + "\n"
