"""Headroom as a figure: a bar a position, from no move of the mark on, in the colours of the states that it runs into. Altair is loaded when it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexlab.margin.states import STATES
from indexlab.report.drawing import HEAVY, LIGHT, STATE_COLOURS, WIDE, drawn
from indexlab.report.margin_headroom import moves_against
from indexlab.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexlab.margin.contract import Contract
    from indexlab.margin.rules import VenueRules
    from indexlab.report.margin_headroom import Headroom

__all__ = ["headroom_svg"]

_BAR = 26
_ROOM = 1.08


def headroom_svg(found: Sequence[Headroom], rules: VenueRules, contract: Contract) -> str:
    """Return the figure as an SVG document."""
    import altair as alt

    # where every state holds already a hundredth is drawn, so that there is something to see
    farthest = _ROOM * (max((move for each in found for _, move in moves_against(each)), default=1.0) or 0.01)
    rows, names = [], []
    for each in found:
        name = f"{each.side} {each.leverage:.4g}x"
        edges = [("healthy", 0.0), *moves_against(each)]
        for (state, start), (_, end) in zip(edges, [*edges[1:], ("", farthest)], strict=True):
            rows.append({"who": name, "from": start, "to": max(start, end), "state": state})
        first = next((move for state, move in edges if state == "liquidation"), None)
        names.append({"who": name, "at": farthest, "text": _told(first)})
    order = list(dict.fromkeys(str(row["who"]) for row in rows))
    shown = [state for state in STATES if any(row["state"] == state for row in rows)]
    y = alt.Y("who:N", sort=order, axis=alt.Axis(title=None, ticks=False, domain=False))
    axis = alt.Axis(title="move of the mark against the position", titleFontWeight="normal", format=".2~%", tickCount=8)
    x = alt.X("from:Q", scale=alt.Scale(domain=[0, farthest], nice=False), axis=axis)
    colour = alt.Color(
        "state:N", scale=alt.Scale(domain=shown, range=[STATE_COLOURS[state] for state in shown]), legend=alt.Legend(title=None, orient="bottom")
    )
    bars = alt.Chart(alt.InlineData(rows)).mark_rect(height=_BAR - 8).encode(x=x, x2="to:Q", y=y, color=colour)
    said = alt.Chart(alt.InlineData(names)).mark_text(align="left", dx=8, fontSize=11, color=HEAVY).encode(x="at:Q", y=y, text="text:N")
    heading = f"Headroom at {plain(rules.venue.id)}, {plain(contract.id)}"
    subtitle = "how far the mark may move against a position before its state changes"
    title = alt.TitleParams(heading, subtitle=subtitle, anchor="start", fontSize=15, subtitleFontSize=11, subtitleColor=LIGHT, color=HEAVY, offset=12)
    chart = alt.LayerChart(layer=[bars, said], width=WIDE - 150, height=_BAR * len(order), title=title)
    return drawn(chart, prefix="headroom", title=heading)


def _told(first: float | None) -> str:
    if first is None:
        return "never liquidated"
    return f"liquidation {first:.2%} away" if first > 0 else "liquidated already"
