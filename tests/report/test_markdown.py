"""The summary in Markdown: what a target said is text in it and nothing else, and it never grows too long."""

import re

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from indexlab.report.markdown import as_text, markdown_bytes
from tests.report.samples import finding, hostile, judged, known, survey

RENDERED = MarkdownIt("gfm-like", {"html": True, "linkify": False}).enable(["table", "strikethrough"])
NASTY = st.text(st.sampled_from("ab1 @#`*_~|<>[]()!\\&;:/.-+=$\n\r\t{}\"'"), max_size=40)


def flat(tokens):
    for token in tokens:
        yield token
        yield from flat(token.children or [])


def shown(tokens):
    """What a reader sees, without blanks and what takes no room."""
    return re.sub(r"[\s\u200b]", "", "".join(token.content for token in flat(tokens) if token.type in {"text", "text_special"}))


def kinds(text):
    return {token.type for token in flat(RENDERED.parse(text))}


@given(NASTY)
@example("a|b")
@example("~~x~~ *x* _x_ `x` <b>x</b> &amp; [a](b) ![a](b) <!-- x -->")
def test_any_text_is_shown_as_it_is(text):
    """In a paragraph and in a table's cell: no markup, no HTML, no link; what is shown is the text, but for blanks and marks that take no room."""
    written = as_text(text)
    assert kinds(f"x {written} x") <= {"paragraph_open", "inline", "text", "text_special", "paragraph_close"}
    assert shown(RENDERED.parse(f"x {written} x")) == re.sub(r"\s", "", f"x{text}x")
    cells = [token for token in RENDERED.parse(f"| a | b |\n|---|---|\n| x {written} x | z |\n") if token.type == "inline"][2:]
    assert [shown([cell]) for cell in cells] == [re.sub(r"\s", "", f"x{text}x"), "z"]


@pytest.mark.parametrize(
    ("text", "written"),
    [("@ann", "@\u200bann"), ("see #12", "see #\u200b12"), ("https://evil", "https:\u200b//evil"), ("www.evil.com", "www\u200b.evil.com"), ("a@ b", "a@ b")],
)
def test_nobody_is_mentioned_and_nothing_is_linked(text, written):
    assert as_text(text) == written


def test_a_text_that_begins_like_a_list_or_a_heading_is_none():
    for text in ("1. one", "- one", "+ one", "# one", "= one", "12) one"):
        assert kinds(as_text(text)) <= {"paragraph_open", "inline", "text", "text_special", "paragraph_close"}


def test_what_is_hostile_ends_no_fence_and_opens_no_tag():
    evil = "````\n</details><script>alert(1)</script>\n```"
    result = judged()
    [target] = result.targets
    broken = finding(sentence=evil, seen=evil, log=evil, footnote=evil)
    properties = [msgspec.structs.replace(one, finding=broken) if one.finding else one for one in target.properties]
    for sample in (msgspec.structs.replace(result, targets=[msgspec.structs.replace(target, properties=properties)]), hostile()):
        text = markdown_bytes(sample).decode()
        html = [token.content for token in flat(RENDERED.parse(text)) if token.type in {"html_block", "html_inline"}]
        assert all(re.fullmatch(r"<details><summary>[^<>]*</summary>\n?|</details>\n?", one) for one in html), html
        assert "link_open" not in kinds(text)


def test_every_finding_and_every_verdict_is_there():
    text = markdown_bytes(known(), "reports/run-1").decode()
    assert text.count("<details>") == text.count("</details>") == 4
    assert re.findall(r"^\| quorum \| (\S+) ", text, re.MULTILINE) == ["known"]
    assert "expired on 2026-01-01: bb11bb11bb11" in text
    assert "no longer occurs" in text
    assert markdown_bytes(survey()).decode().count("**BROKEN**") == 3


@pytest.mark.parametrize("most", [200, 2_000, 5_000, 20_000])
def test_it_stays_within_its_limit_and_says_what_is_left_out(most):
    result = survey()
    written = markdown_bytes(result, most=most)
    assert len(written) <= most
    told = written.decode().count("<details>")
    assert written.decode().count("</details>") == told
    if most >= 5_000:
        assert told == 3 or f"{3 - told} more finding" in written.decode()
