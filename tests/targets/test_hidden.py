"""No part of a secret comes through, however a target repeats it, and what is no secret stays as it was."""

import base64
import json
import re
import string
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market.errors import TargetFailure
from indexlab.targets.hidden import HIDDEN, Hider
from indexlab.targets.lines import excerpt
from indexlab.targets.options import USUAL, Secret, TargetOptions
from indexlab.targets.shape import shown
from indexlab.targets.target import Description

TOKENS = st.text(alphabet=string.ascii_uppercase + string.digits + "-_+/.!", min_size=4, max_size=80)
AROUND = st.text(alphabet=string.ascii_lowercase + " ", max_size=120)
LEFT = re.compile(r"[A-Z0-9_+/.!-]{3,}")
"""Three characters in a row that only a token has."""


def hider(*values):
    return Hider(Secret(value) for value in values)


@given(token=TOKENS, before=AROUND, after=AROUND, around=st.integers(0, 300))
def test_no_excerpt_shows_three_characters_of_a_token(token, before, after, around):
    said = f"{before}{token}{after}"
    hide = hider(f"Bearer {token}").text
    for text in (said, excerpt(said.encode()), excerpt(said.encode(), around), shown(said), f"{excerpt(said.encode())}: {shown(said)}"):
        assert not LEFT.search(hide(text).replace(HIDDEN, ""))


@given(token=TOKENS, inside=st.integers(0, 80), filler=st.sampled_from("abc xyz"))
def test_no_cut_through_a_token_leaves_three_characters_of_it(token, inside, filler):
    """The longest excerpts are 80 and 60 characters long: the cut is put into the token, at its end and at its start."""
    hide = hider(f"Bearer {token}").text
    inside = min(inside, len(token))
    ends = f"{filler * (80 - inside)}{token}{filler * 200}"
    starts = f"{filler * 200}{token}{filler * 200}"
    for text in (excerpt(ends.encode()), excerpt(starts.encode(), 240 + inside), shown(f"{filler * (59 - min(inside, 59))}{token}{filler * 99}")):
        assert "…" in text
        assert not LEFT.search(hide(text).replace(HIDDEN, ""))


@given(token=TOKENS)
def test_it_is_found_in_whatever_form_it_comes_back(token):
    hide = hider(f"Bearer {token}").text
    for form in (token, f"Bearer {token}", token.lower(), quote(token), quote(token, safe=""), json.dumps(token), repr(token), f"x={token}&y"):
        assert not LEFT.search(hide(form).replace(HIDDEN, "").upper().replace("BEARER", "").replace("%", ""))


@given(password=st.text(alphabet=string.ascii_uppercase + string.digits, min_size=4, max_size=20))
def test_what_a_value_encodes_is_a_secret_too(password):
    encoded = base64.b64encode(f"acme:{password}".encode()).decode()
    hide = hider(f"Basic {encoded}").text
    assert password not in hide(f"wrong password {password} for acme")
    assert encoded not in hide(f"cannot read {encoded}")
    assert hide("Basic authorization is needed") == "Basic authorization is needed"


def test_the_values_of_a_cookie_are_secrets_each():
    hide = hider("session=s3ss10n-0042; theme=dark-mode").text
    assert hide("no session s3ss10n-0042") == f"no session {HIDDEN}"
    assert "dark-mode" not in hide("theme dark-mode?")


@given(text=st.text(max_size=300))
def test_without_a_secret_everything_stays_as_it_is(text):
    assert hider().text(text) == text
    assert hider("abc", "1").text(text) == text  # so short that it is in every price


@given(text=st.text(alphabet=string.ascii_lowercase + " .…", max_size=200))
def test_what_is_no_secret_stays_as_it_is(text):
    assert hider("Bearer 0123456789ABC").text(text) == text


def test_a_failure_and_a_description_are_cleared_in_every_text():
    hide = hider("s3cr3t-t0ken")
    failure = hide.failure(TargetFailure("error", "bad s3cr3t-t0ken", log="S3CR3T-T0KEN\nend"))
    assert (failure.kind, failure.detail, failure.log) == ("error", f"bad {HIDDEN}", f"{HIDDEN}\nend")
    said = Description("s3cr3t-t0ken", "1 s3cr3t-t0ken", ("index", "s3cr3t-t0ken"), expect={"s3cr3t-t0ken": ["s3cr3t-t0ken", {"a": "s3cr3t-t0ken"}, 3]})
    assert "s3cr3t" not in repr(hide.description(said))
    assert hide.description(said).provides[0] == "index"


def test_a_secret_has_no_text_and_no_encoder():
    secret = Secret("s3cr3t-t0ken")
    options = TargetOptions(headers=(("Authorization", secret),))
    assert "s3cr3t" not in f"{secret} {secret!r} {options} {options!r} {[options]} {options.as_table()} {vars(type(secret))}"
    for value in (secret, options):
        with pytest.raises(TypeError):
            msgspec.json.encode(value)
        with pytest.raises(TypeError):
            json.dumps(value)
    assert secret.reveal() == "s3cr3t-t0ken"
    assert {secret, Secret("s3cr3t-t0ken")} == {secret}
    assert USUAL.as_table() == {}
