"""The two panels of a finding's chart: prices over time, and the margin states under them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from indexlab.market.times import EPOCH, time_text
from indexlab.report.drawing import FAULTY, HEAVY, LIGHT, OTHERS, REFERENCE, STATE_COLOURS, STATE_INK, WIDE
from indexlab.report.picture import runs, stepped, within
from indexlab.report.plain import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

    from indexlab.audit.events import Picture
    from indexlab.report.picture import Point, PriceScale

__all__ = ["price_panel", "state_panel"]

Row = dict[str, object]
Look = tuple[str, list[int], float]

_HEIGHT: Final = 280
_STRIP: Final = 24
_FEW: Final = 80
_MOST_LABELS: Final = 5
_MILLISECONDS_BELOW: Final = 5_000
_DAY_MS: Final = 86_400_000
_LABEL_STEP: Final = 0.055
_LATE: Final = 0.6
_NAMED_SPAN: Final = 0.1
_LOOKS: Final[tuple[Look, ...]] = ((OTHERS, [1, 0], 1.2), (HEAVY, [1, 0], 2.8), (REFERENCE, [7, 4], 2.0), (FAULTY, [2, 3], 1.8))


def price_panel(picture: Picture, scale: PriceScale, domain: tuple[float, float]) -> alt.LayerChart:
    """Return the prices: the index heavy and dark, its reference dashed, broken sources dotted with their points, the others thin and grey."""
    import altair as alt

    rows = _price_rows(picture, scale, domain)
    x, y = _time_axis(picture, domain), _price_axis(scale)
    data = alt.Chart(alt.InlineData(rows))
    colour, dash, width = _series_looks(picture, rows)
    lines = data.mark_line(interpolate="step-after", clip=True).encode(x=x, y=y, color=colour, strokeDash=dash, strokeWidth=width, detail=["line:N", "part:N"])
    pointed = data.transform_filter("datum.point")
    points = [
        pointed.transform_filter(f"datum.ink == '{look[0]}'").mark_circle(size=36, opacity=1, clip=True, color=look[0]).encode(x=x, y=y) for look in _LOOKS
    ]
    windows = alt.Chart(alt.InlineData(_windows(picture, domain))).mark_rect(color=HEAVY, opacity=0.07).encode(x=x, x2="end:T")
    layers: list[alt.Chart] = [windows, lines, *points]
    if picture.breach_at is not None:
        breach = alt.Chart(alt.InlineData([{"t": picture.breach_at / 1000}]))
        layers.append(breach.mark_rule(strokeDash=[4, 3], color=HEAVY, clip=True).encode(x=x))
    labels = alt.Chart(alt.InlineData(_labels(picture, rows, scale, domain)))
    early = labels.transform_filter("!datum.late").mark_text(align="left", dx=5, fontSize=11, color=HEAVY)
    late = labels.transform_filter("datum.late").mark_text(align="right", dx=-5, fontSize=11, color=HEAVY)
    layers += [text.encode(x=x, y=y, text="text:N") for text in (early, late)]
    return alt.LayerChart(layer=layers, width=WIDE, height=_HEIGHT)


def _names(picture: Picture) -> list[str]:
    """Return the four names of the legend, different from one another: other sources, index, reference, broken sources."""
    broken = [plain(source.id, most=24) for source in picture.sources if source.faulty]
    wanted = ["other sources", "index", plain(picture.other_name, most=32) or "reference", f"{broken[0]} (broken)" if len(broken) == 1 else "broken sources"]
    names: list[str] = []
    for name in wanted:
        names.append(name if name not in names else f"{name} (reference)")
    return names


def _series_looks(picture: Picture, rows: list[Row]) -> tuple[alt.Color, alt.StrokeDash, alt.StrokeWidth]:
    import altair as alt

    present = {row["series"] for row in rows}
    shown = [(name, look) for name, look in zip(_names(picture), _LOOKS, strict=True) if name in present]
    shown = [*shown[1:], shown[0]] if shown and shown[0][0] == "other sources" else shown
    names = [name for name, _ in shown]
    legend = alt.Legend(title=None, orient="top", labelLimit=240, columnPadding=18, symbolSize=700)
    colour = alt.Color("series:N", scale=alt.Scale(domain=names, range=[look[0] for _, look in shown]), legend=legend)
    dash = alt.StrokeDash("series:N", scale=alt.Scale(domain=names, range=[look[1] for _, look in shown]), legend=legend)
    width = alt.StrokeWidth("series:N", scale=alt.Scale(domain=names, range=[look[2] for _, look in shown]), legend=legend)
    return colour, dash, width


def _price_rows(picture: Picture, scale: PriceScale, domain: tuple[float, float]) -> list[Row]:
    """Return the points of all lines, those drawn last at the end; each line holds its last value until the picture ends."""
    others, index, reference, broken = _names(picture)
    quoted = sum(len(source.broken_times) for source in picture.sources if not source.faulty)

    def line(series: str, ink: str, name: str, path: tuple[list[int], list[float | None]], *, few: bool = False) -> list[Row]:
        points = within(stepped(*path, scale, end_ms=domain[1]), domain)
        moments = {moment / 1000 for moment in path[0]} if few else set()
        return [_row(point, series, ink, name, dotted=point.time in moments) for point in points]

    rows: list[Row] = []
    for source in (one for one in picture.sources if not one.faulty):
        rows += line(others, OTHERS, plain(source.id, most=24), (source.broken_times, source.broken_prices), few=quoted <= _FEW)
    rows += line(index, HEAVY, "index", (picture.times, picture.index))
    rows += line(reference, REFERENCE, "reference", (picture.times, picture.other))
    for source in (one for one in picture.sources if one.faulty):
        rows += line(broken, FAULTY, plain(source.id, most=24), (source.broken_times, source.broken_prices), few=len(source.broken_times) <= _FEW)
    return rows


def _row(point: Point, series: str, ink: str, name: str, *, dotted: bool) -> Row:
    return {
        "t": point.time,
        "v": point.value,
        "series": series,
        "ink": ink,
        "line": f"{series}/{name}",
        "part": point.part,
        "point": dotted or point.alone,
        "edge": f"{point.arrow} {name} at {point.said:.6g}" if point.arrow else "",
    }


def _windows(picture: Picture, domain: tuple[float, float]) -> list[Row]:
    """Return the faults' windows inside the domain, those of the same fault and time joined."""
    joined: dict[tuple[str, float, float], list[str]] = {}
    for window in picture.windows:
        start, end = max(domain[0], window.start / 1000), min(domain[1], domain[1] if window.end is None else window.end / 1000)
        if start <= end:
            joined.setdefault((plain(window.fault, most=20), start, end), []).append(plain(window.source, most=20))
    return [
        {"t": start, "end": end, "text": f"{fault} on {', '.join(sources[:3])}{' …' if len(sources) > 3 else ''}"}
        for (fault, start, end), sources in joined.items()
    ]


def _labels(picture: Picture, rows: list[Row], scale: PriceScale, domain: tuple[float, float]) -> list[Row]:
    """Return the texts inside the panel: at its top the windows and what lies above it, at its bottom the breach and what lies below."""
    first: dict[object, Row] = {}
    for row in rows:
        if row["edge"]:
            first.setdefault((row["line"], str(row["edge"])[0]), {"t": row["t"], "text": row["edge"]})
    above = [*_windows(picture, domain), *(row for row in first.values() if str(row["text"]).startswith("▲"))][:_MOST_LABELS]
    breach: list[Row] = [] if picture.breach_at is None else [{"t": picture.breach_at / 1000, "text": "first breach"}]
    below = [*breach, *(row for row in first.values() if str(row["text"]).startswith("▼"))][:_MOST_LABELS]
    placed = [(row, scale.at(0.96 - _LABEL_STEP * place)) for place, row in enumerate(above)]
    placed += [(row, scale.at(0.04 + _LABEL_STEP * place)) for place, row in enumerate(below)]
    turn = domain[0] + _LATE * (domain[1] - domain[0])
    return [{"t": row["t"], "v": value, "text": row["text"], "late": float(str(row["t"])) > turn} for row, value in placed]


def _time_axis(picture: Picture, domain: tuple[float, float], *, bare: bool = False) -> alt.X:
    import altair as alt

    span = domain[1] - domain[0]
    form = "%H:%M:%S.%L" if span < _MILLISECONDS_BELOW else "%m-%d %H:%M" if span > _DAY_MS else "%H:%M:%S"
    axis = alt.Axis(format=form, tickCount=7, title=f"{_day(domain[0])}, time in UTC", titleFontWeight="normal", labelOverlap=True, grid=not bare)
    bottom = bare or not (picture.states or picture.other_states)
    return alt.X(
        "t:T",
        scale=alt.Scale(type="utc", domain=list(domain), nice=False),
        axis=axis if bottom else alt.Axis(format=form, tickCount=7, title=None, labels=False),
    )


def _day(moment_ms: float) -> str:
    try:
        return time_text(int(moment_ms) * 1000)[:10]
    except OverflowError:
        return f"after {EPOCH.year}"


def _price_axis(scale: PriceScale) -> alt.Y:
    import altair as alt

    few = scale.kind == "linear" and max(abs(scale.low), abs(scale.high)) < 1e9
    label = f"replace(format(datum.value, ',.{scale.decimals()}f'), regexp(',', 'g'), ' ')" if few else "format(datum.value, '.4~g')"
    axis = alt.Axis(title="price" if scale.kind == "linear" else "price, logarithmic", titleFontWeight="normal", labelExpr=label, tickCount=6)
    return alt.Y("v:Q", scale=alt.Scale(type=scale.kind, domain=[scale.low, scale.high], nice=False, zero=False), axis=axis)


def state_panel(picture: Picture, domain: tuple[float, float]) -> alt.LayerChart:
    """Return the margin states of the picture's account as two strips: with the fault, and in the reference."""
    import altair as alt

    names = ("with the fault", plain(picture.other_name, most=20) or "reference")
    rows = _state_rows(names[0], picture.times, picture.states, domain) + _state_rows(names[1], picture.times, picture.other_states, domain)
    present = [state for state in STATE_COLOURS if any(row["state"] == state for row in rows)]
    data = alt.Chart(alt.InlineData(rows))
    x = _time_axis(picture, domain, bare=True)
    y = alt.Y("who:N", sort=list(names), axis=alt.Axis(title=None, ticks=False, domain=False, labelLimit=130))
    scale = alt.Scale(domain=present, range=[STATE_COLOURS[state] for state in present])
    legend = alt.Legend(title=None, orient="bottom", symbolType="square", symbolStrokeWidth=1)
    strips = data.mark_rect(stroke="#8c8c8c", strokeWidth=0.6).encode(x=x, x2="end:T", y=y, color=alt.Color("state:N", scale=scale, legend=legend))
    layers: list[alt.Chart] = [strips]
    for ink in dict.fromkeys(STATE_INK.values()):
        said = data.transform_filter(f"datum.ink == '{ink}' && datum.named").mark_text(fontSize=11, color=ink)
        layers.append(said.encode(x="middle:T", y=y, text="state:N"))
    account = plain(picture.account, most=60)
    title = alt.TitleParams(f"margin state of account {account}" if account else "margin state", anchor="start", fontSize=11, fontWeight="normal", color=LIGHT)
    return alt.LayerChart(layer=layers, width=WIDE, height=2 * _STRIP, title=title)


def _state_rows(who: str, times: Sequence[int], states: Sequence[str], domain: tuple[float, float]) -> list[Row]:
    rows: list[Row] = []
    for span in runs(times, states, domain[1]):
        state = span.state if span.state in STATE_COLOURS else "unknown"
        wide = span.end - span.start > _NAMED_SPAN * (domain[1] - domain[0])
        rows.append(
            {"who": who, "t": span.start, "end": span.end, "middle": (span.start + span.end) / 2, "state": state, "ink": STATE_INK[state], "named": wide}
        )
    return rows
