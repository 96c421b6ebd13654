"""The report's charts, as SVG: the worst displacement by fault, and a finding's index, sources and margin states over time.

Altair and the renderer are loaded when the first chart is drawn. Colours are Okabe and Ito's, which colour-blind people can tell apart;
lines differ in dash and width as well, states carry their names, so a print in grey says the same. Times are UTC.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from indexlab.report.drawing import HEAVY, LIGHT, MIDDLE, WIDE, drawn
from indexlab.report.picture import price_scale, time_domain
from indexlab.report.plain import plain
from indexlab.report.timeline import price_panel, state_panel
from indexlab.report.words import displacement_text, displacements, short_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import altair as alt

    from indexlab.audit.events import Picture, TargetResult

__all__ = ["fault_chart", "fault_rows", "finding_chart"]

_LEAST_BP: Final = 0.1
_MOST_BP: Final = 1e6
_COLUMNS: Final = 4
_ROW: Final = 18
_PANEL: Final = 160
_NUMBERS: Final = 66


def fault_rows(targets: Sequence[TargetResult], promises: Mapping[str, float]) -> list[dict[str, object]]:
    """Return a row a target and fault: what to draw in basis points (within 0.1 and 1e6) and the text beside the bar."""
    rows: list[dict[str, object]] = []
    for target, name in zip(targets, short_names(list(targets)), strict=True):
        for fault, ratio in displacements(target).items():
            bp = min(max(abs(ratio) * 1e4, _LEAST_BP), _MOST_BP)
            said = "0" if ratio == 0 else f"< {_LEAST_BP} bp" if abs(ratio) * 1e4 < _LEAST_BP else displacement_text(ratio)
            row: dict[str, object] = {"target": plain(name, most=26), "fault": plain(fault, most=26), "bp": bp, "said": said}
            promise = promises.get(target.target)
            rows.append({**row, "promise": promise * 1e4} if promise else row)
    return rows


def fault_chart(targets: Sequence[TargetResult], promises: Mapping[str, float], *, prefix: str) -> str | None:
    """Return the worst displacement by fault as bars on a logarithmic scale, a panel a target; None where nothing was measured.

    `promises` maps a target's label to its «max_displacement» (a ratio), drawn as a dashed line.
    """
    rows = fault_rows(targets, promises)
    if not rows:
        return None
    import altair as alt

    faults = sorted({str(row["fault"]) for row in rows}, key=lambda name: (-max(float(str(row["bp"])) for row in rows if row["fault"] == name), name))
    names = list(dict.fromkeys(str(row["target"]) for row in rows))
    highest = max(float(str(row[key])) for row in rows for key in ("bp", "promise") if key in row)
    chart = _fault_bars(rows, faults, highest, alone=len(names) == 1)
    if len(names) > 1:
        header = alt.Header(title=None, labelFontSize=12, labelFontWeight="bold", labelColor=HEAVY, labelAnchor="start")
        return drawn(
            chart.facet(facet=alt.Facet("target:N", sort=names, header=header), columns=_COLUMNS, spacing={"column": _NUMBERS, "row": 24}),
            prefix=prefix,
            title="Worst displacement by fault",
        )
    return drawn(chart, prefix=prefix, title="Worst displacement by fault")


def _fault_bars(rows: list[dict[str, object]], faults: list[str], highest: float, *, alone: bool) -> alt.LayerChart:
    import altair as alt

    top = 10.0 ** math.ceil(math.log10(max(highest, 10.0)) + 0.05)
    width = WIDE - 2 * _NUMBERS if alone else _PANEL
    ticks = [10.0**power for power in range(-1, round(math.log10(top)) + 1, 1 if alone else 2)]
    label = "datum.value >= 1e5 ? replace(format(datum.value, '.0e'), '+', '') : format(datum.value, '~r')"
    axis = alt.Axis(values=ticks, labelExpr=label, title="bp, logarithmic (100 bp = 1 %)" if alone else "bp, logarithmic", titleFontWeight="normal")
    x = alt.X("bp:Q", scale=alt.Scale(type="log", domain=[_LEAST_BP, top]), axis=axis)
    y = alt.Y("fault:N", sort=faults, axis=alt.Axis(title=None, ticks=False, domain=False, labelLimit=160))
    base = alt.Chart(alt.InlineData(rows))
    bars = base.mark_bar(color=MIDDLE, height=12).encode(x=x, x2=alt.X2Datum(_LEAST_BP), y=y)
    texts = base.mark_text(align="left", dx=6, fontSize=11, color=HEAVY).encode(x=alt.value(width), y=y, text="said:N")
    limit = base.transform_filter("isValid(datum.promise)").mark_rule(strokeDash=[4, 3], color=LIGHT, strokeWidth=1.5).encode(x="max(promise):Q")
    return alt.LayerChart(layer=[bars, limit, texts], width=width, height=_ROW * len(faults))


def finding_chart(picture: Picture, *, prefix: str, title: str = "The finding over time") -> str:
    """Return a finding's picture: index, reference and sources over time, the faults' windows shaded, the first breach marked, margin states below."""
    import altair as alt

    domain = time_domain(picture)
    prices = price_panel(picture, price_scale(picture), domain)
    if not picture.states and not picture.other_states:
        return drawn(prices, prefix=prefix, title=title)
    both = alt.vconcat(prices, state_panel(picture, domain), spacing=12).resolve_scale(
        color="independent", strokeDash="independent", strokeWidth="independent", y="independent"
    )
    return drawn(both, prefix=prefix, title=title)
