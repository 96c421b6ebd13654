"""SVG that may stand inside a page: no scripts, no styles, nothing fetched, ids that clash with no other picture's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["inline_svg"]

_SVG: Final = "{http://www.w3.org/2000/svg}"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_ALLOWED: Final = frozenset({"svg", "g", "path", "rect", "line", "circle", "text", "tspan", "defs", "clipPath", "linearGradient", "stop", "title", "desc"})
_REFERENCE: Final = re.compile(r"url\(#([^)]*)\)")
_ELSEWHERE: Final = re.compile(r"url\((?!#)|javascript:|data:", re.IGNORECASE)
_NOISE: Final = frozenset({"aria-hidden", "aria-roledescription", "aria-label", "role", "pointer-events", "class", "style"})


def inline_svg(svg: str, *, prefix: str, title: str) -> str:
    """Return a drawing for a page, with `title` for those who do not see it; its ids begin with `prefix`.

    The ids are numbered anew: the renderer counts on from one drawing to the next, which would make equal pages differ.
    Elements and attributes that a drawing has no need of are dropped, whatever they are.
    """
    root = ET.fromstring(svg)  # noqa: S314 - our own renderer's output: no document type, no entities
    found = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    _clean(root, {old: f"{prefix}-{place}" for place, old in enumerate(dict.fromkeys(found), 1)})
    root.attrib = {**root.attrib, "role": "img", "aria-labelledby": f"{prefix}-title"}
    heading = ET.Element(f"{_SVG}title", {"id": f"{prefix}-title"})
    heading.text = title
    root.insert(0, heading)
    ET.register_namespace("", "http://www.w3.org/2000/svg")
    return ET.tostring(root, encoding="unicode")


def _clean(element: ET.Element, ids: Mapping[str, str]) -> None:
    for child in list(element):
        if child.tag.removeprefix(_SVG) not in _ALLOWED:
            element.remove(child)
        else:
            _clean(child, ids)
    element.attrib = {name: _own(name, value, ids) for name, value in element.attrib.items() if _is_harmless(name, value)}


def _is_harmless(name: str, value: str) -> bool:
    if name in _NOISE or name.lower().startswith("on") or name.startswith("{") or name == "href":
        return name == _HREF and value.startswith("#")
    return _ELSEWHERE.search(value) is None


def _own(name: str, value: str, ids: Mapping[str, str]) -> str:
    if name == "id":
        return ids[value]
    if name == _HREF:
        return f"#{ids.get(value[1:], '')}"
    return _REFERENCE.sub(lambda match: f"url(#{ids.get(match[1], '')})", value)
