"""The figure of the paths of forced reduction: cost, what is lost, time, what the fund pays, a row a path. Altair is loaded when it is drawn."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from indexlab.market.units import format_ratio
from indexlab.report.drawing import FAULTY, HEAVY, LIGHT, OTHERS, REFERENCE, drawn
from indexlab.report.margin_show import figure
from indexlab.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

    from indexlab.report.margin_paths import PathRow, PathsView

__all__ = ["paths_svg"]

Row = dict[str, object]
_PANEL: Final = 178
_ROW: Final = 46
_BAR: Final = 16
_CURVE: Final = 200
_CURVE_WIDE: Final = 794
_POINTS: Final = 120
_GAINED: Final = 25.0
_INKS: Final = ("#1a1a1a", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
_DASHES: Final = ([1, 0], [7, 3], [2, 2], [10, 3, 2, 3], [5, 2], [1, 3])


def paths_svg(view: PathsView) -> str:
    """Return the figure as an SVG document."""
    import altair as alt

    heading = f"A {view.side} of {figure(view.notional)} at {view.leverage:g}x, reduced by force: {plain(view.venue)} {plain(view.contract)}"
    drawn_from = (
        f"{view.scenarios} scenarios of prices ({format_ratio(view.volatility)} a year) and books ({figure(view.depth)} of notional a basis point, median);"
        f" the fund has {format_ratio(view.fund)} of the notional"
    )
    told = [drawn_from, "bars: the mean; black tick: 95 of 100 scenarios are at or below it; orange diamond: the worst; rivals: how often they are taken from"]
    title = alt.TitleParams(heading, subtitle=told, anchor="start", fontSize=15, subtitleFontSize=11, subtitleColor=LIGHT, color=HEAVY, offset=14)
    rows = view.rows
    panels = [_cost(rows), _lost(rows), _time(rows), _fund(rows)]
    upper = alt.HConcatChart(hconcat=panels, spacing=14)
    chart: alt.VConcatChart = alt.VConcatChart(vconcat=[upper, _curves(rows)], title=title, spacing=22).resolve_scale(
        color="independent", strokeDash="independent"
    )
    return drawn(chart, prefix="paths", title=heading)


def _cost(rows: Sequence[PathRow]) -> alt.LayerChart:
    import altair as alt

    parts: list[Row] = []
    for row in rows:
        slippage, fees = row.slippage * 1e4, row.fees * 1e4
        parts.append({"path": row.path, "part": "slippage", "v": 0.0, "end": slippage})
        parts.append({"path": row.path, "part": "fees", "v": slippage, "end": slippage + fees})
    most = max(1.0, *(row.cost_tail * 1e4 for row in rows), *(row.cost * 1e4 for row in rows))
    least = min(0.0, *(row.slippage * 1e4 for row in rows))
    x = _across("cost, bp of the notional", least, most)
    colour = alt.Color("part:N", scale=alt.Scale(domain=["slippage", "fees"], range=[REFERENCE, "#9fcdea"]), legend=alt.Legend(title=None, orient="top"))
    bars = alt.Chart(alt.InlineData(parts)).mark_bar(height=_BAR).encode(x=x, x2="end:Q", y=_down(rows, labels=True), color=colour)
    tails: list[Row] = [{"path": row.path, "v": row.cost_tail * 1e4} for row in rows]
    return _panel([bars, _tick(tails, rows, x)], rows)


def _lost(rows: Sequence[PathRow]) -> alt.LayerChart:
    x = _across("lost, % of the margin left", 0.0, max(100.0, *(row.lost_worst * 100 for row in rows)))
    means: list[Row] = [{"path": row.path, "v": 0.0, "end": max(row.lost_mean * 100, 0.0), "text": f"{row.lost_mean * 100:.0f}"} for row in rows]
    tails: list[Row] = [{"path": row.path, "v": row.lost_tail * 100} for row in rows]
    worst: list[Row] = [{"path": row.path, "v": row.lost_worst * 100} for row in rows]
    return _panel([_bars(means, rows, x), _tick(tails, rows, x), _diamond(worst, rows, x), _said(means, rows, x)], rows)


def _time(rows: Sequence[PathRow]) -> alt.LayerChart:
    known = [0.0 if math.isnan(row.took) else row.took for row in rows]
    tails = [0.0 if math.isnan(row.took_tail) else row.took_tail for row in rows]
    x = _across("until it is over, s (bar: median)", 0.0, max(1.0, *known, *tails))
    bars: list[Row] = [{"path": row.path, "v": 0.0, "end": value, "text": ""} for row, value in zip(rows, known, strict=True)]
    ends: list[Row] = [{"path": row.path, "v": value} for row, value in zip(rows, tails, strict=True)]
    return _panel([_bars(bars, rows, x), _tick(ends, rows, x)], rows)


def _fund(rows: Sequence[PathRow]) -> alt.LayerChart:
    low = min(0.0, *(row.fund * 1e4 for row in rows))
    high = max(1.0, *(row.fund_worst * 1e4 for row in rows))
    x = _across("the fund pays, bp (below 0: gets)", low, high)
    bars: list[Row] = [{"path": row.path, "v": 0.0, "end": row.fund * 1e4, "text": ""} for row in rows]
    worst: list[Row] = [{"path": row.path, "v": row.fund_worst * 1e4, "text": f"rivals {row.deleveraged * 100:.0f}%"} for row in rows]
    return _panel([_bars(bars, rows, x), _diamond(worst, rows, x), _beside(worst, rows, x)], rows)


def _curves(rows: Sequence[PathRow]) -> alt.LayerChart:
    """Return of each path in which share of the scenarios more than so much was lost."""
    import altair as alt

    points: list[Row] = []
    for row in rows:
        count = len(row.lost)
        step = max(count // _POINTS, 1)
        kept = [*range(0, count, step), count - 1]
        points += [{"path": row.path, "v": row.lost[place] * 100, "share": 100 * (1 - place / count)} for place in kept]
    names = [row.path for row in rows]
    low = max(min(0.0, *(row.lost[0] * 100 for row in rows)), -_GAINED)
    x = alt.X(
        "v:Q",
        scale=alt.Scale(domain=[low, 102.0], nice=False, clamp=True),
        axis=alt.Axis(title="at least so much of the margin left is lost, %", titleFontWeight="normal", values=list(range(-20, 101, 20))),
    )
    y = alt.Y("share:Q", scale=alt.Scale(domain=[0, 100], nice=False), axis=alt.Axis(title="% of the scenarios", titleFontWeight="normal", tickCount=5))
    legend = alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=500, symbolStrokeWidth=2)
    colour = alt.Color("path:N", scale=alt.Scale(domain=names, range=list(_INKS[: len(names)])), legend=legend)
    dash = alt.StrokeDash("path:N", scale=alt.Scale(domain=names, range=list(_DASHES[: len(names)])), legend=legend)
    lines = alt.Chart(alt.InlineData(points)).mark_line(strokeWidth=2, interpolate="step-before").encode(x=x, y=y, color=colour, strokeDash=dash)
    return alt.LayerChart(layer=[lines], width=_CURVE_WIDE, height=_CURVE)


def _panel(layers: list[alt.Chart], rows: Sequence[PathRow]) -> alt.LayerChart:
    import altair as alt

    return alt.LayerChart(layer=layers, width=_PANEL, height=_ROW * len(rows))


def _down(rows: Sequence[PathRow], *, labels: bool = False) -> alt.Y:
    import altair as alt

    axis = alt.Axis(title=None, ticks=False, domain=False, labels=labels, labelFontSize=12, labelLimit=160)
    return alt.Y("path:N", sort=[row.path for row in rows], scale=alt.Scale(domain=[row.path for row in rows]), axis=axis)


def _across(title: str, low: float, high: float) -> alt.X:
    import altair as alt

    room = 0.06 * (high - low)
    scale = alt.Scale(domain=[low - room if low < 0 else 0.0, high + room], nice=False)
    return alt.X("v:Q", scale=scale, axis=alt.Axis(title=title, titleFontWeight="normal", tickCount=4))


def _bars(data: list[Row], rows: Sequence[PathRow], x: alt.X) -> alt.Chart:
    import altair as alt

    bars: alt.Chart = alt.Chart(alt.InlineData(data)).mark_bar(height=_BAR, color=OTHERS).encode(x=x, x2="end:Q", y=_down(rows))
    return bars


def _tick(data: list[Row], rows: Sequence[PathRow], x: alt.X) -> alt.Chart:
    import altair as alt

    ticks: alt.Chart = alt.Chart(alt.InlineData(data)).mark_tick(color=HEAVY, opacity=1.0, thickness=2.5, height=_BAR + 8).encode(x=x, y=_down(rows))
    return ticks


def _diamond(data: list[Row], rows: Sequence[PathRow], x: alt.X) -> alt.Chart:
    import altair as alt

    marks: alt.Chart = alt.Chart(alt.InlineData(data)).mark_point(shape="diamond", filled=True, size=70, color=FAULTY, opacity=1.0).encode(x=x, y=_down(rows))
    return marks


def _said(data: list[Row], rows: Sequence[PathRow], x: alt.X) -> alt.Chart:
    import altair as alt

    texts: alt.Chart = alt.Chart(alt.InlineData(data)).mark_text(align="left", dx=5, fontSize=11, color=HEAVY).encode(x=x, y=_down(rows), text="text:N")
    return texts


def _beside(data: list[Row], rows: Sequence[PathRow], x: alt.X) -> alt.Chart:
    import altair as alt

    chart = alt.Chart(alt.InlineData(data)).mark_text(align="right", dx=4, dy=17, fontSize=10, color=LIGHT)
    texts: alt.Chart = chart.encode(x=x, y=_down(rows), text="text:N")
    return texts
