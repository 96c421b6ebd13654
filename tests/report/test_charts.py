"""The charts are drawings and nothing else, and the same for the same audit."""

# ruff: noqa: S314 - what is read back is what we wrote

import math
import re
from xml.etree import ElementTree as ET

import msgspec

from indexlab.report.charts import fault_chart, fault_rows, finding_chart
from indexlab.report.drawing import png_of
from indexlab.report.svg import inline_svg
from tests.report.samples import evil_picture, hostile, judged, picture, survey


def texts(svg):
    """All words of a drawing."""
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_the_fault_chart_says_every_value():
    """Each fault has its bar and its number, the largest first."""
    target = judged().targets[0]
    words = texts(fault_chart([target], {target.target: 0.01}, prefix="f"))
    faults = [word for word in words if word in target.measures["worst_displacement_by_fault"]]
    assert faults == ["relabelled-lag", "stop", "spike", "decimal", "freeze", "null"]
    assert {"21.0 bp", "13.1 bp", "< 0.1 bp", "0"} <= set(words)


def test_several_targets_have_a_panel_each():
    """A survey's chart names every methodology."""
    assert {"plain-mean", "thalex", "1.4e7×"} <= set(texts(fault_chart(survey().targets, {}, prefix="f")))


def test_absurd_measures_stay_on_the_chart():
    """Infinities end at the edge, what is no number is left out, and without measures there is no chart."""
    target = msgspec.structs.replace(
        judged().targets[0], measures={"worst_displacement_by_fault": {"spike": math.inf, "lag": math.nan, "level": -2.0, "cut": None}}
    )
    assert [(row["fault"], row["bp"], row["said"]) for row in fault_rows([target], {})] == [("spike", 1e6, "no bound"), ("level", 2e4, "-200 %")]
    assert fault_chart([msgspec.structs.replace(target, measures={})], {}, prefix="f") is None


def test_the_finding_chart_shows_what_matters():
    """Index, reference, broken source, the fault's window, the breach and the margin states are named on it."""
    words = texts(finding_chart(picture(), prefix="p"))
    expected = {
        "index",
        "kraken absent",
        "kraken (broken)",
        "other sources",
        "stop on kraken",
        "first breach",
        "healthy",
        "warning",
        "liquidation",
        "with the fault",
    }
    assert expected <= set(words)


def test_charts_are_deterministic_and_do_not_clash():
    """The same picture gives the same drawing; two drawings on one page share no id, and refer to their own."""
    assert finding_chart(picture(), prefix="a") == finding_chart(picture(), prefix="a")
    one, other = (finding_chart(picture(), prefix=prefix) for prefix in ("a", "b"))
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (one, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert set(re.findall(r"url\(#([^)]+)\)", one)) <= ids[0]


def test_hostile_pictures_are_drawn_and_harmless():
    """Absurd prices, gaps and hostile names give a drawing with no script, no style, no handler and nothing to fetch."""
    for svg in (finding_chart(evil_picture(), prefix="p"), fault_chart(hostile().targets, {}, prefix="f")):
        root = ET.fromstring(svg)
        assert {element.tag.split("}")[1] for element in root.iter()} <= {
            "svg",
            "g",
            "path",
            "rect",
            "line",
            "circle",
            "text",
            "title",
            "defs",
            "clipPath",
            "tspan",
        }
        attributes = {name for element in root.iter() for name in element.attrib}
        assert not {name for name in attributes if name.startswith("on") or "href" in name or name == "style"}
        assert "NaN" not in svg
        assert "Infinity" not in svg


def test_pictures_without_much_in_them_are_drawn():
    """No source, no value, one publication, no states, no window: there is a drawing all the same."""
    empty = msgspec.structs.replace(picture(states=False), index=[None] * 121, other=[None] * 121, sources=[], windows=[], breach_at=None)
    lone = msgspec.structs.replace(empty, times=empty.times[:1], index=[1.0], other=[1.0], status=["ok"], other_status=["ok"])
    nothing = msgspec.structs.replace(empty, times=[], index=[], other=[], status=[], other_status=[])
    for shown in (empty, lone, nothing):
        assert finding_chart(shown, prefix="p").startswith("<svg")


def test_what_a_drawing_has_no_need_of_is_dropped():
    """Scripts, foreign objects, images, handlers, styles and links do not pass, whatever wrote them."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="x()"><script>x()</script><style>@import "a"</style>'
        '<foreignObject><b/></foreignObject><image xlink:href="http://a/b.png"/><g id="k" style="a:b" onclick="x()" clip-path="url(#k)" fill="url(http://a)">'
        '<a xlink:href="javascript:x()"><path d="M0"/></a><rect/></g></svg>'
    )
    clean = inline_svg(svg, prefix="p", title="<t>")
    assert clean == (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="p-title"><title id="p-title">&lt;t&gt;</title>'
        '<g id="p-1" clip-path="url(#p-1)"><rect /></g></svg>'
    )


def test_a_chart_can_be_looked_at():
    """The same drawing comes as a PNG image."""
    assert png_of(finding_chart(picture(), prefix="p")).startswith(b"\x89PNG")
