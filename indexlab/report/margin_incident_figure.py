"""An incident as a figure: a row an index and side, a cell a leverage, coloured by what became of the account. Altair is loaded when it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.report.drawing import HEAVY, LIGHT, OTHERS, STATE_COLOURS, WIDE, drawn
from indexlab.report.plain import plain

if TYPE_CHECKING:
    from indexlab.audit.incident import AccountFates, Incident

__all__ = ["cells", "incident_svg"]

_ROW: Final = 24
_ALONE: Final = "liquidated through the fault alone"
_ANYWAY: Final = "liquidated, in the clean twin too"
_INKS: Final = {
    "healthy": STATE_COLOURS["healthy"],
    "warning": STATE_COLOURS["warning"],
    "reduce-only": STATE_COLOURS["reduce-only"],
    "frozen": STATE_COLOURS["frozen"],
    _ANYWAY: OTHERS,
    _ALONE: STATE_COLOURS["liquidation"],
}


def cells(found: Incident) -> list[dict[str, object]]:
    """Return a row a run of equal fates: who (side and index), leverage from and to (half a step around whole ones), and what became of the accounts."""
    rows: list[dict[str, object]] = []
    for side in ("long", "short"):
        accounts = sorted((each for each in found.accounts if each.side == side), key=lambda each: each.leverage)
        for place, run in enumerate(found.runs):
            who = f"{side}, {plain(run.name)}"
            for each in accounts:
                fate = _fate(each, place)
                if rows and (rows[-1]["who"], rows[-1]["fate"]) == (who, fate):
                    rows[-1] = {**rows[-1], "to": each.leverage + 0.5}
                else:
                    rows.append({"who": who, "from": each.leverage - 0.5, "to": each.leverage + 0.5, "fate": fate})
    return rows


def _fate(each: AccountFates, place: int) -> str:
    if each.fates[place].liquidated is None:
        return each.fates[place].worst
    return _ANYWAY if each.fates[1].liquidated is not None else _ALONE


def incident_svg(found: Incident) -> str:
    """Return the figure as an SVG document."""
    import altair as alt

    rows = cells(found)
    order = list(dict.fromkeys(str(row["who"]) for row in rows))
    shown = [fate for fate in _INKS if any(row["fate"] == fate for row in rows)]
    highest = max(each.leverage for each in found.accounts) + 0.5
    y = alt.Y("who:N", sort=order, axis=alt.Axis(title=None, ticks=False, domain=False, labelLimit=220))
    axis = alt.Axis(title="leverage", titleFontWeight="normal", values=[1, 2, 3, 5, 10, 20, 50, 100], format="d", grid=False)
    x = alt.X("from:Q", scale=alt.Scale(type="log", domain=[0.5, highest], nice=False), axis=axis)
    legend = alt.Legend(title=None, orient="bottom", labelLimit=320)
    colour = alt.Color("fate:N", scale=alt.Scale(domain=shown, range=[_INKS[fate] for fate in shown]), legend=legend)
    bars = alt.Chart(alt.InlineData(rows), width=WIDE - 120, height=_ROW * len(order)).mark_rect(height=_ROW - 6)
    subtitle = f"{plain(found.venue)}, {plain(found.contract)}, accounts with nothing but their initial margin"
    title = alt.TitleParams(
        plain(found.title), subtitle=subtitle, anchor="start", fontSize=15, subtitleFontSize=11, subtitleColor=LIGHT, color=HEAVY, offset=12
    )
    return drawn(bars.encode(x=x, x2="to:Q", y=y, color=colour).properties(title=title), prefix="incident", title=plain(found.title))
