"""How every chart is drawn: palette, fonts, rendering to SVG for a page, and to PNG for looking at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from indexlab.report.svg import inline_svg

if TYPE_CHECKING:
    import altair as alt

    Chart: TypeAlias = alt.Chart | alt.LayerChart | alt.FacetChart | alt.VConcatChart

__all__ = ["FAULTY", "HEAVY", "LIGHT", "MIDDLE", "OTHERS", "REFERENCE", "STATE_COLOURS", "STATE_INK", "WIDE", "drawn", "png_of"]

WIDE: Final = 900
HEAVY: Final = "#1a1a1a"
LIGHT: Final = "#595959"
MIDDLE: Final = "#0072B2"
REFERENCE: Final = "#0072B2"
FAULTY: Final = "#D55E00"
OTHERS: Final = "#a6a6a6"
STATE_COLOURS: Final = {
    "healthy": "#e6efe9",
    "warning": "#E69F00",
    "reduce-only": "#CC79A7",
    "liquidation": "#B34700",
    "bankrupt": "#1a1a1a",
    "frozen": "#9fcdea",
    "unknown": "#ffffff",
}
STATE_INK: Final = {
    "healthy": "#1a1a1a",
    "warning": "#1a1a1a",
    "reduce-only": "#1a1a1a",
    "liquidation": "#ffffff",
    "bankrupt": "#ffffff",
    "frozen": "#1a1a1a",
    "unknown": "#1a1a1a",
}
_FONT: Final = "Helvetica Neue, Arial, DejaVu Sans, sans-serif"


def drawn(chart: Chart, *, prefix: str, title: str) -> str:
    """Return a chart as SVG that may stand in a page; nothing is fetched while it is drawn."""
    import vl_convert

    axis = {"labelFont": _FONT, "titleFont": _FONT, "labelFontSize": 11, "titleFontSize": 11, "labelColor": HEAVY, "titleColor": LIGHT, "gridColor": "#e4e4e4"}
    config = {
        "background": "#ffffff",
        "font": _FONT,
        "axis": {**axis, "domainColor": "#bdbdbd", "tickColor": "#bdbdbd"},
        "legend": {"labelFont": _FONT, "labelFontSize": 11, "symbolSize": 180},
        "view": {"stroke": "#d0d0d0"},
        "text": {"font": _FONT},
    }
    svg = vl_convert.vegalite_to_svg(chart.to_dict(), config=config, allowed_base_urls=[])
    return inline_svg(svg, prefix=prefix, title=title)


def png_of(svg: str, *, scale: float = 1.5) -> bytes:
    """Return an SVG of `drawn` as a PNG image, to look at."""
    import vl_convert

    return bytes(vl_convert.svg_to_png(svg, scale=scale))
