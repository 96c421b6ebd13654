"""SVG that may stand inside a page: no scripts, no styles, nothing fetched, ids that clash with no other picture's."""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree as ET

__all__ = ["inline_svg"]

_SVG: Final = "{http://www.w3.org/2000/svg}"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"
_ALLOWED: Final = frozenset({"svg", "g", "path", "rect", "line", "circle", "text", "tspan", "defs", "clipPath", "linearGradient", "stop", "title", "desc"})
_REFERENCE: Final = re.compile(r"url\(#([^)]*)\)")
_ELSEWHERE: Final = re.compile(r"url\((?!#)|javascript:|data:", re.IGNORECASE)
_NOISE: Final = frozenset({"aria-hidden", "aria-roledescription", "aria-label", "role", "pointer-events", "class", "style"})


def inline_svg(svg: str, *, prefix: str, title: str) -> str:
    """Return a drawing for a page, with `title` for those who do not see it; its ids begin with `prefix`.

    Elements and attributes that a drawing has no need of are dropped, whatever they are.
    """
    root = ET.fromstring(svg)  # noqa: S314 - our own renderer's output: no document type, no entities
    _clean(root, prefix)
    root.attrib = {**root.attrib, "role": "img", "aria-labelledby": f"{prefix}-title"}
    heading = ET.Element(f"{_SVG}title", {"id": f"{prefix}-title"})
    heading.text = title
    root.insert(0, heading)
    ET.register_namespace("", "http://www.w3.org/2000/svg")
    return ET.tostring(root, encoding="unicode")


def _clean(element: ET.Element, prefix: str) -> None:
    for child in list(element):
        if child.tag.removeprefix(_SVG) not in _ALLOWED:
            element.remove(child)
        else:
            _clean(child, prefix)
    element.attrib = {name: _own(name, value, prefix) for name, value in element.attrib.items() if _is_harmless(name, value)}


def _is_harmless(name: str, value: str) -> bool:
    if name in _NOISE or name.lower().startswith("on") or name.startswith("{") or name == "href":
        return name == _HREF and value.startswith("#")
    return _ELSEWHERE.search(value) is None


def _own(name: str, value: str, prefix: str) -> str:
    if name == "id":
        return f"{prefix}-{value}"
    if name == _HREF:
        return f"#{prefix}-{value[1:]}"
    return _REFERENCE.sub(rf"url(#{prefix}-\1)", value)
