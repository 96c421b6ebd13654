"""The liquidation band of one position: as text, as a line of letters over a path, and as a figure.

In the figure a panel an index shows the path over the band's colours, from where pressure begins to bankruptcy, and below it the states over time. Altair and
the renderer are loaded when it is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from indexlab.margin.band import BORDERS, liquidation_band, passage
from indexlab.market.times import clock_text
from indexlab.market.units import format_duration
from indexlab.properties.tell import price_text
from indexlab.report.drawing import HEAVY, LIGHT, STATE_COLOURS, WIDE, drawn
from indexlab.report.grid import aligned
from indexlab.report.margin_lines import legend, move_text, path_line, state_line
from indexlab.report.picture import runs
from indexlab.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

    from indexlab.margin.account import Account
    from indexlab.margin.band import LiquidationBand, Passage
    from indexlab.margin.rules import VenueRules

__all__ = ["BandPicture", "MarkPath", "band_picture", "band_svg", "band_text"]

_COLUMNS: Final = 80
_HEIGHT: Final = 260
_RIBBON: Final = 22
_LINE: Final = 14
_STEPS_AROUND: Final = 3
_LEAST_ROOM: Final = 0.004
_PALE: Final = "#ffffff"


@dataclass(frozen=True, slots=True)
class MarkPath:
    """A path of the mark, and what it did to the position."""

    name: str
    times: tuple[int, ...]
    marks: tuple[float | None, ...]
    seen: Passage


@dataclass(frozen=True, slots=True)
class BandPicture:
    """One position under a venue's rules, its band, and paths through it; `title` and `where` are said above."""

    title: str
    where: str
    account: Account
    band: LiquidationBand
    start: float
    paths: tuple[MarkPath, ...]


def band_picture(
    account: Account, rules: VenueRules, title: str, where: str, paths: Sequence[tuple[str, Sequence[int], Sequence[float | None]]]
) -> BandPicture:
    """Return the band of an isolated account and what each path of the mark (name, times, marks) does to it. Raises InputError."""
    seen = tuple(MarkPath(name, tuple(times), tuple(marks), passage(account, rules, times, marks)) for name, times, marks in paths)
    return BandPicture(title, where, account, liquidation_band(account, rules), account.entry_price, seen)


def band_text(picture: BandPicture) -> str:
    """Return the borders, when each path crossed them, how long there was between them, and each path as a line with its states below."""
    band, start = picture.band, picture.start
    rows = [["state", "begins at", "from the entry"]]
    for state in BORDERS:
        border, move = band.border(state), band.move(state, start)
        if border is not None and border.always:
            rows.append([state, "always", "-"])
        elif border is not None and move is not None:
            rows.append([state, ("beyond " if border.jump else "") + price_text(border.price), move_text(move, 3)])
    width = band.width(start)
    borders = aligned(rows, right=frozenset({1, 2}), indent=2) if len(rows) > 1 else ["  no price above 0 changes its state"]
    lines = [plain(picture.title), f"  {plain(picture.where)}", "", *borders]
    if width is not None and band.begins != band.liquidation:
        lines.append(f"  from the first pressure to forced reduction: {width:.3%} of the mark")
    if not picture.paths:
        return "\n".join(lines)
    return "\n".join([*lines, "", *_passages(picture), "", *_figure(picture)])


def _passages(picture: BandPicture) -> list[str]:
    there = [state for state in BORDERS if picture.band.border(state) is not None]
    rows = [["index", "lowest", "highest", *there, "warned for"]]
    for path in picture.paths:
        known = [mark for mark in path.marks if mark is not None]
        ends = [price_text(min(known)), price_text(max(known))] if known else ["-", "-"]
        seen = path.seen
        first = [f"{clock_text(seen.first[state])} ({format_duration(seen.time_in[state])})" if state in seen.first else "-" for state in there]
        rows.append([plain(path.name), *ends, *first, "-" if seen.warned_for is None else format_duration(seen.warned_for)])
    return [
        *aligned(rows, right=frozenset({1, 2}), indent=2),
        "  when each state first came (how long it was in it), and from the first pressure to liquidation",
    ]


def _figure(picture: BandPicture) -> list[str]:
    low, high = _scale(picture)
    names = [plain(path.name) for path in picture.paths]
    width = max(map(len, names)) + 2
    lines = []
    for name, path in zip(names, picture.paths, strict=True):
        lines.append(f"  {name:<{width}}{path_line(path.marks, _COLUMNS, low=low, high=high)}")
        lines.append(f"  {'':<{width}}{state_line(path.seen.states, _COLUMNS)}")
    seen = {state for path in picture.paths for state in path.seen.states}
    return [*lines, f"  {'':<{width}}{legend(sorted(seen))}"]


def _edges(band: LiquidationBand) -> list[tuple[str, float]]:
    """Return (state, the mark at which it begins), from the safe side on, of those that begin at a mark."""
    return [(state, border.price) for state in BORDERS if (border := band.border(state)) is not None and not border.always]


def _scale(picture: BandPicture) -> tuple[float, float]:
    """Return the prices between which is drawn: the paths and the borders near them."""
    known = [mark for path in picture.paths for mark in path.marks if mark is not None] or [picture.start]
    low, high = min(*known, picture.start), max(*known, picture.start)
    reach = max(high - low, _LEAST_ROOM * high)
    borders = [price for _, price in _edges(picture.band)]
    near = [price for price in borders if low - reach <= price <= high + reach]
    low, high = min([low, *near]), max([high, *near])
    room = max(0.06 * (high - low), _LEAST_ROOM * high / 2)
    return low - room, high + room


def band_svg(picture: BandPicture) -> str:
    """Return the figure as an SVG document."""
    import altair as alt

    there = {"healthy", *(state for state in BORDERS if picture.band.border(state)), *(state for path in picture.paths for state in path.seen.states)}
    shown = [state for state in STATE_COLOURS if state in there]
    panels: list[alt.LayerChart | alt.Chart] = []
    for path in picture.paths:
        close = _close_view(picture, path)
        whole = _View(path, (path.times[0], path.times[-1]), _scale(picture), plain(path.name), is_whole=True, has_close=close is not None)
        for view in (whole, *([] if close is None else [close])):
            panels += [_panel(picture, view), _ribbon(view, shown, last=path is picture.paths[-1] and (close is None or view is close))]
    title = alt.TitleParams(
        plain(picture.title),
        subtitle=[plain(picture.where), *(_told(path) for path in picture.paths)],
        anchor="start",
        fontSize=15,
        subtitleFontSize=11,
        subtitleColor=LIGHT,
        color=HEAVY,
        offset=12,
    )
    chart = alt.VConcatChart(vconcat=panels, title=title, spacing=4).resolve_scale(color="independent")
    return drawn(chart, prefix="band", title=plain(picture.title))


@dataclass(frozen=True, slots=True)
class _View:
    """What of a path is drawn: its times (microseconds), its prices, and what is written beside it."""

    path: MarkPath
    times: tuple[int, int]
    prices: tuple[float, float]
    name: str
    is_whole: bool = False
    has_close: bool = False


def _close_view(picture: BandPicture, path: MarkPath) -> _View | None:
    """Return the passage through the band from nearby, where there was one."""
    borders = [price for _, price in _edges(picture.band)]
    crossed = [path.seen.first[state] for state in BORDERS if state in path.seen.first]
    if path.seen.liquidated is None or len(borders) < 2:
        return None
    step = path.times[1] - path.times[0] if len(path.times) > 1 else 1
    room = max((max(crossed) - min(crossed)) // 2, _STEPS_AROUND * step)
    times = max(path.times[0], min(crossed) - room), min(path.times[-1], max(crossed) + room)
    around = 0.4 * (max(borders) - min(borders))
    return _View(path, times, (min(borders) - around, max(borders) + around), "close by")


def _told(path: MarkPath) -> str:
    seen = path.seen
    if seen.liquidated is None:
        worst = max((state for state in seen.states if state != "frozen"), key=("healthy", *BORDERS).index, default="frozen")
        return f"{plain(path.name)}: {worst} at worst"
    warned = f", {format_duration(seen.warned_for)} after the first pressure" if seen.warned_for else ", with no warning before it"
    return f"{plain(path.name)}: liquidated at {clock_text(seen.liquidated)}{warned}"


def _panel(picture: BandPicture, view: _View) -> alt.LayerChart:
    import altair as alt

    (low, high), band = view.prices, picture.band
    axis = alt.Axis(title=view.name, titleFontWeight="normal", tickCount=6, format="~f")
    y = alt.Y("v:Q", scale=alt.Scale(domain=[low, high], nice=False, zero=False), axis=axis)
    colour = alt.Color("state:N", scale=alt.Scale(domain=list(STATE_COLOURS), range=list(STATE_COLOURS.values())), legend=None)
    bands = alt.Chart(alt.InlineData(_bands(band, low, high)))
    shades = bands.mark_rect(opacity=0.3).encode(x=alt.value(0), x2=alt.value(WIDE), y=y, y2="end:Q", color=colour)
    edges = [{"v": price, "state": state} for state, price in _edges(band) if low < price < high]
    rules = alt.Chart(alt.InlineData(edges)).mark_rule(strokeWidth=1.6).encode(y=y, color=colour)
    said = alt.Chart(alt.InlineData(_names(band, low, high, brief=view.is_whole and view.has_close))).encode(x=alt.value(0), y=y, text="text:N")
    # pale edges keep a name readable where the path runs through it
    halo = said.mark_text(align="left", dx=6, fontSize=11, color=_PALE, baseline="middle", stroke=_PALE, strokeWidth=4, strokeJoin="round", opacity=0.8)
    names = said.mark_text(align="left", dx=6, fontSize=11, color=HEAVY, baseline="middle")
    line = alt.Chart(alt.InlineData(_line(view))).mark_line(interpolate="step-after", color=HEAVY, strokeWidth=1.8, clip=True)
    layers = [shades, rules, line.encode(x=_time(view, labels=False), y=y, detail="part:N"), halo, names]
    return alt.LayerChart(layer=layers, width=WIDE, height=_HEIGHT)


def _line(view: _View) -> list[dict[str, object]]:
    """Return the path with gaps where there is no mark; of what is outside the times the nearest on each side."""
    rows: list[dict[str, object]] = []
    part = 0
    for moment, mark in zip(view.path.times, view.path.marks, strict=True):
        if mark is None:
            part += 1
        elif view.times[0] <= moment <= view.times[1]:
            rows.append({"t": moment / 1000, "v": mark, "part": part})
    return rows


def _bands(band: LiquidationBand, low: float, high: float) -> list[dict[str, object]]:
    """Return the price ranges of the states, from the safe side on."""
    safe, far = (high, low) if band.side > 0 else (low, high)
    edges: list[tuple[str, float]] = [("healthy", safe)]
    edges += [(state, border.price) for state in BORDERS if (border := band.border(state)) is not None]
    rows: list[dict[str, object]] = []
    for (state, begin), (_, end) in zip(edges, [*edges[1:], ("", far)], strict=True):
        start, stop = (min(max(edge, low), high) for edge in (begin, end))
        if start != stop:
            rows.append({"state": state, "v": start, "end": stop})
    return rows


def _names(band: LiquidationBand, low: float, high: float, *, brief: bool) -> list[dict[str, object]]:
    """Return each border's name beyond it; where two are closer than a line of text all in one line, on the safe side of the first.

    `brief`: of those the first and the last alone. Where none is in the picture, their names stand at the edge that they are beyond.
    """
    room = (high - low) * _LINE / _HEIGHT
    edges = _edges(band)
    inside = [(state, price) for state, price in edges if low < price < high]
    if not inside and edges:
        text = ", ".join(f"{state} from {price_text(price)}" for state, price in edges)
        edge = low if edges[0][1] <= low else high
        return [{"v": edge + (room if edge == low else -room), "text": f"not in the picture: {text}"}]
    if any(band.side * (before - after) < room for (_, before), (_, after) in pairwise(inside)):
        text = ", ".join(f"{state} from {price_text(price)}" for state, price in ((inside[0], inside[-1]) if brief else inside))
        return [{"v": inside[0][1] + band.side * room / 2, "text": text}]
    return [{"v": price - band.side * room / 2, "text": f"{state} from {price_text(price)}"} for state, price in inside]


def _ribbon(view: _View, shown: Sequence[str], *, last: bool) -> alt.Chart:
    import altair as alt

    begin, end = view.times
    spans = [
        {"t": max(span.start, begin / 1000), "end": min(span.end, end / 1000), "state": span.state}
        for span in runs(view.path.times, view.path.seen.states, view.path.times[-1] / 1000)
        if span.start <= end / 1000 and span.end >= begin / 1000
    ]
    legend = alt.Legend(title=None, orient="bottom", columns=len(shown)) if last else None
    colour = alt.Color("state:N", scale=alt.Scale(domain=shown, range=[STATE_COLOURS[state] for state in shown]), legend=legend)
    made: alt.Chart = alt.Chart(alt.InlineData(spans), width=WIDE, height=_RIBBON).mark_rect()
    return made.encode(x=_time(view, labels=True), x2="end:T", color=colour)


def _time(view: _View, *, labels: bool) -> alt.X:
    import altair as alt

    axis = alt.Axis(title="UTC" if labels else None, titleFontWeight="normal", format="%H:%M:%S", tickCount=8, labels=labels, ticks=labels, labelFlush=False)
    return alt.X("t:T", scale=alt.Scale(type="utc", domain=[moment / 1000 for moment in view.times], nice=False), axis=axis)
