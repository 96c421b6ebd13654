"""The figure of funding: the premium and its averages, rates before and after the cap, what the position pays. Altair is loaded when it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.market.units import format_ratio
from indexlab.report.drawing import FAULTY, HEAVY, LIGHT, OTHERS, REFERENCE, WIDE, drawn
from indexlab.report.margin_funding import POSITION, contracts_text, rate_text
from indexlab.report.margin_show_rules import figure
from indexlab.report.plain import plain
from indexlab.report.words import count_of

if TYPE_CHECKING:
    import altair as alt

    from indexlab.report.margin_funding import FundingView, SlotRow

__all__ = ["funding_svg"]

Row = dict[str, object]
_HEIGHT: Final = 170
_LOWER: Final = 110
_MOST: Final = 1500
_LABELLED: Final = 7
_TICKS: Final = 9


def funding_svg(view: FundingView) -> str:
    """Return the figure as an SVG document."""
    import altair as alt

    side = "long" if view.size > 0 else "short"
    heading = f"Funding of a {side} of {contracts_text(view.size)}, {plain(view.venue)} {plain(view.contract)}"
    verb = "paid" if view.received <= 0 else "received"
    told = f"{verb} {figure(abs(view.received))} {plain(view.settlement)} over {count_of(len(view.slots), 'slot')}"
    inks = "grey: the premium; blue: its average over each interval, and the rate; orange: the rate before the cap cut it; black: what the position pays"
    title = alt.TitleParams(
        heading,
        subtitle=[plain(": ".join(view.lines[:2])), told, inks],
        anchor="start",
        fontSize=15,
        subtitleFontSize=11,
        subtitleColor=LIGHT,
        color=HEAVY,
        offset=14,
    )
    panels: list[alt.Chart | alt.LayerChart] = [_premium(view), _rates(view), _payments(view)]
    return drawn(alt.VConcatChart(vconcat=panels, title=title, spacing=12), prefix="funding", title=heading)


def _premium(view: FundingView) -> alt.LayerChart:
    import altair as alt

    step = 1 + len(view.samples) // _MOST
    rows: list[Row] = [{"t": time / 1000, "v": premium * 100} for time, premium in view.samples[::step]]
    values = [premium * 100 for _, premium in view.samples] + [slot.premium * 100 for slot in view.slots]
    y = _axis("premium, %", values)
    line = alt.Chart(alt.InlineData(rows)).mark_line(color=OTHERS, strokeWidth=1.4).encode(x=_time(view, labels=False), y=y)
    spans: list[Row] = [{"t": _begin(view, place) / 1000, "end": slot.time / 1000, "v": slot.premium * 100} for place, slot in enumerate(view.slots)]
    means = alt.Chart(alt.InlineData(spans)).mark_rule(color=REFERENCE, strokeWidth=2.2).encode(x=_time(view, labels=False), x2="end:T", y=y)
    zero = alt.Chart(alt.InlineData([{"v": 0.0}])).mark_rule(color=LIGHT, strokeWidth=0.8).encode(y=y)
    return alt.LayerChart(layer=[zero, line, means], width=WIDE, height=_HEIGHT)


def _rates(view: FundingView) -> alt.LayerChart:
    import altair as alt

    rows: list[Row] = []
    for slot in view.slots:
        rows.append({"t": slot.time / 1000, "v": slot.before_cap * 100, "end": slot.rate * 100, "look": "before the cap", "cut": slot.capped})
        rows.append({"t": slot.time / 1000, "v": slot.rate * 100, "end": 0.0, "look": "rate", "cut": slot.capped})
    caps = [view.cap * 100, -view.cap * 100] if view.cap else []
    near = [cap for cap in caps if any(abs(float(str(row["v"]))) >= 0.3 * abs(cap) and float(str(row["v"])) * cap > 0 for row in rows)]
    y = _axis("rate, %", [float(str(row["v"])) for row in rows] + near)
    x = _time(view, labels=False)
    data = alt.Chart(alt.InlineData(rows))
    zero = alt.Chart(alt.InlineData([{"v": 0.0}])).mark_rule(color=LIGHT, strokeWidth=0.8).encode(y=y)
    layers: list[alt.Chart] = [zero]
    if near:
        said: list[Row] = [{"v": cap, "text": f"cap {'-' if cap < 0 else ''}{format_ratio(view.cap)}"} for cap in near]
        limits = alt.Chart(alt.InlineData(said))
        layers.append(limits.mark_rule(color=HEAVY, strokeDash=[5, 4]).encode(y=y))
        layers.append(limits.mark_text(align="left", dx=4, dy=-6, fontSize=11, color=HEAVY).encode(x=alt.value(0), y=y, text="text:N"))
    stems = data.transform_filter("datum.look == 'rate'").mark_rule(color=REFERENCE, strokeWidth=2.2).encode(x=x, y=y, y2="end:Q")
    dots = data.transform_filter("datum.look == 'rate'").mark_point(color=REFERENCE, filled=True, size=60, opacity=1.0).encode(x=x, y=y)
    cut = data.transform_filter("datum.look == 'before the cap' && datum.cut")
    lost = cut.mark_rule(color=FAULTY, strokeDash=[2, 3], strokeWidth=1.6).encode(x=x, y=y, y2="end:Q")
    rings = cut.mark_point(color=FAULTY, size=60, opacity=1.0).encode(x=x, y=y)
    layers += [stems, dots, lost, rings]
    return alt.LayerChart(layer=layers, width=WIDE, height=_HEIGHT)


def _payments(view: FundingView) -> alt.LayerChart:
    import altair as alt

    rows = [_paid(view, slot) for slot in view.slots]
    amounts = [float(str(row["v"])) for row in rows]
    y = _axis(f"pays ({plain(view.settlement)})", amounts, room=0.24)
    x = _time(view, labels=True)
    data = alt.Chart(alt.InlineData(rows))
    zero = alt.Chart(alt.InlineData([{"v": 0.0}])).mark_rule(color=LIGHT, strokeWidth=0.8).encode(y=y)
    layers: list[alt.Chart] = [zero, data.mark_rule(color=HEAVY, strokeWidth=6).encode(x=x, y=y, y2="zero:Q")]
    if len(rows) <= _LABELLED:
        for below in (False, True):
            some = data.transform_filter(f"datum.v {'<' if below else '>='} 0")
            layers.append(some.mark_text(fontSize=11, color=HEAVY, dy=12 if below else -8).encode(x=x, y=y, text="text:N"))
    return alt.LayerChart(layer=layers, width=WIDE, height=_LOWER)


def _paid(view: FundingView, slot: SlotRow) -> Row:
    amount = -slot.received.get(POSITION, 0) * view.unit
    return {"t": slot.time / 1000, "v": amount, "zero": 0.0, "text": f"{figure(float(f'{amount:.6g}'))} at {rate_text(float(f'{slot.rate:.3g}'))}"}


def _begin(view: FundingView, place: int) -> int:
    return view.slots[place - 1].time if place else view.slots[0].time - view.slots[0].interval_us


def _axis(title: str, values: list[float], *, room: float = 0.16) -> alt.Y:
    """Return an axis that begins at 0 and has room for a text beyond the farthest value on either side."""
    import altair as alt

    low, high = min(0.0, *values), max(0.0, *values)
    free = room * (high - low) or 0.01
    scale = alt.Scale(domain=[low - (free if low < 0 else 0.0), high + (free if high > 0 else 0.0)], nice=False)
    return alt.Y("v:Q", scale=scale, axis=alt.Axis(title=title, titleFontWeight="normal", tickCount=5))


def _time(view: FundingView, *, labels: bool) -> alt.X:
    import altair as alt

    first, last = _begin(view, 0), view.slots[-1].time
    room = (last - first) // (12 if len(view.slots) <= _LABELLED else 20)
    domain = [first / 1000, (last + room) / 1000]  # milliseconds; room for what stands at the last slot
    # a tick is a slot, and as many of them as have room for their time
    step = 1 + (len(view.slots) - 1) // _TICKS
    ticks = [slot.time / 1000 for slot in view.slots[step - 1 :: step]]
    shown = "%d %b %H:%M" if last - first > 2 * 86_400_000_000 // 24 else "%H:%M:%S"
    axis = alt.Axis(title="UTC" if labels else None, titleFontWeight="normal", format=shown, values=ticks, labels=labels, ticks=labels)
    return alt.X("t:T", scale=alt.Scale(type="utc", domain=domain, nice=False), axis=axis)
