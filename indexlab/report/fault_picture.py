"""What a fault, or a true market move, does to a small market, as an SVG picture: the market before and after it, a panel a line, the window shaded.

Altair and the renderer are loaded when it is drawn. It shows the same example as `indexlab faults show` draws in the terminal.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from indexlab.faults.example import SECONDS, example_of
from indexlab.market.errors import InputError
from indexlab.market.units import SECOND
from indexlab.report.drawing import FAULTY, HEAVY, LIGHT, OTHERS, REFERENCE, WIDE, drawn
from indexlab.report.grid import wrapped
from indexlab.report.plain import plain

if TYPE_CHECKING:
    from pathlib import Path

    import altair as alt

    from indexlab.faults.example import Example, Line

__all__ = ["fault_rows", "fault_svg", "write_svg"]

Row = dict[str, object]

_HEIGHT: Final = 130
_AGES_TO: Final = 12.0
_SUBTITLE: Final = 130
_INKS: Final = {"before": OTHERS, "after": FAULTY, "venue": REFERENCE}


def fault_svg(name: str) -> str:
    """Return the picture as an SVG document. Raises InputError for an unknown name."""
    import altair as alt

    example = example_of(name)
    panels = [_value_panel(example, place) for place in range(len(example.after))]
    if example.aged:
        panels += [_age_panel(example)]
    if example.order_after:
        panels = [_order_panel(example)]
    texts = [text for paragraph in example.explanation for text in wrapped(plain(paragraph), _SUBTITLE)]
    if example.kind is not None:
        texts += ["", *wrapped(f"Intensity is {example.kind.scale}; drawn at {example.kind.example:.3g}.", _SUBTITLE)]
    heading = f"{plain(example.name)} ({plain(example.family)}): {plain(example.summary)}"
    title = alt.TitleParams(heading, subtitle=texts, anchor="start", fontSize=15, subtitleFontSize=11, subtitleColor=LIGHT, color=HEAVY, offset=14)
    chart = alt.VConcatChart(vconcat=panels, title=title, spacing=10)
    return drawn(chart, prefix="fault", title=heading)


def write_svg(name: str, file: Path) -> None:
    """Draw the picture into a file. Raises InputError for an unknown name, and where the file cannot be written."""
    try:
        file.write_text(fault_svg(name) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", file=file, remedy="name a file in a folder that is there") from error


def fault_rows(line: Line, scale: tuple[float, float], look: str) -> list[Row]:
    """Return a row a message: when (s), where it is drawn within `scale`, and the sign of one that is not drawn there: null, or beyond an edge."""
    low, high = scale
    rows: list[Row] = []
    for moment, value in zip(line.times.tolist(), line.values.tolist(), strict=True):
        sign = "∅" if math.isnan(value) else "▲" if value > high else "▼" if value < low else ""
        place = low if math.isnan(value) else min(max(value, low), high)
        rows.append({"t": moment / SECOND, "v": place, "look": look, "sign": sign})
    return [row for row in rows if float(str(row["t"])) <= SECONDS]


def _value_panel(example: Example, place: int) -> alt.LayerChart:
    import altair as alt

    after = example.after[place]
    low, high = example.scale
    scale = (low - 0.05 * (high - low), high + 0.05 * (high - low))
    rows = fault_rows(example.before[place], scale, "before") if example.before else []
    rows += fault_rows(after, scale, "after" if example.before else "venue")
    x, y = _seconds(), alt.Y("v:Q", scale=alt.Scale(domain=list(scale), nice=False, zero=False), axis=_axis(after.name))
    data = alt.Chart(alt.InlineData(rows))
    present = [look for look in _INKS if any(row["look"] == look for row in rows)]
    legend = alt.Legend(title=None, orient="top") if place == 0 and len(present) > 1 else None
    colour = alt.Color("look:N", scale=alt.Scale(domain=present, range=[_INKS[look] for look in present]), legend=legend)
    plainly = data.transform_filter("datum.sign == ''")
    lines = plainly.mark_line(interpolate="step-after", strokeWidth=1.6).encode(x=x, y=y, color=colour)
    points = plainly.mark_circle(size=26, opacity=1).encode(x=x, y=y, color=colour)
    beyond = data.transform_filter("datum.sign != ''").mark_text(fontSize=12, clip=False).encode(x=x, y=y, text="sign:N", color=colour)
    return alt.LayerChart(layer=[_window(example), lines, points, beyond], width=WIDE, height=_HEIGHT)


def _age_panel(example: Example) -> alt.LayerChart:
    import altair as alt

    line = example.after[0]
    rows = [
        {"t": moment / SECOND, "v": min(max(age, -_AGES_TO), _AGES_TO), "sign": "▲" if age > _AGES_TO else "▼" if age < -_AGES_TO else "●"}
        for moment, age in zip(line.times.tolist(), line.ages.tolist(), strict=True)
    ]
    y = alt.Y("v:Q", scale=alt.Scale(domain=[min(-1.0, *(row["v"] for row in rows)), _AGES_TO], nice=False), axis=_axis("age by its event time, s"))
    points = alt.Chart(alt.InlineData(rows)).mark_text(fontSize=8, color=FAULTY).encode(x=_seconds(), y=y, text="sign:N")
    return alt.LayerChart(layer=[_window(example), points], width=WIDE, height=_HEIGHT)


def _order_panel(example: Example) -> alt.LayerChart:
    """Return the sources' names in order of arrival: a column a message."""
    import altair as alt

    rows = [
        {"t": place, "who": who, "text": letter, "look": "after" if letter != example.order_before[place] and who == "after" else "before"}
        for who, letters in (("before", example.order_before), ("after", example.order_after))
        for place, letter in enumerate(letters)
    ]
    y = alt.Y("who:N", sort=["before", "after"], axis=alt.Axis(title=None, ticks=False, domain=False))
    axis = alt.Axis(title="message, in order of arrival", titleFontWeight="normal", grid=False)
    x = alt.X("t:Q", scale=alt.Scale(domain=[-1, SECONDS], nice=False), axis=axis)
    colour = alt.Color("look:N", scale=alt.Scale(domain=["before", "after"], range=[HEAVY, FAULTY]), legend=None)
    letters = alt.Chart(alt.InlineData(rows)).mark_text(fontSize=12, fontWeight="bold").encode(x=x, y=y, text="text:N", color=colour)
    return alt.LayerChart(layer=[letters], width=WIDE, height=60)


def _window(example: Example) -> alt.Chart:
    import altair as alt

    start, end = (SECONDS if moment is None else moment / SECOND for moment in example.window)
    shade: alt.Chart = alt.Chart(alt.InlineData([{"t": start, "end": end}])).mark_rect(color=HEAVY, opacity=0.07)
    return shade.encode(x=_seconds(), x2="end:Q")


def _seconds() -> alt.X:
    import altair as alt

    return alt.X("t:Q", scale=alt.Scale(domain=[0, SECONDS], nice=False), axis=alt.Axis(title="received, s", titleFontWeight="normal", tickCount=12))


def _axis(title: str) -> alt.Axis:
    import altair as alt

    return alt.Axis(title=title, titleFontWeight="normal", tickCount=4)
