"""How a target is reached, as people write it: read strictly, flags over the file, and a header's value in no error."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexlab.market.errors import InputError
from indexlab.targets.options import USUAL, Secret
from indexlab.targets.reaching import NOTHING, Reaching, options_of, read_reaching

ENVIRONMENT = {"ACME_TOKEN": "hunter22-value\n", "EMPTY": " ", "UMLAUT": "hunter22ü"}


def flags(*headers, **limits):
    return Reaching(headers=tuple(Secret(header) for header in headers), **limits)


def headers(*given, **how):
    return [(name, secret.reveal()) for name, secret in options_of(flags(*given), environment=ENVIRONMENT, **how).headers]


def test_nothing_written_is_what_is_usual():
    assert options_of(NOTHING, environment={}) == USUAL


def test_limits_are_read_with_their_units():
    options = options_of(flags(start_timeout="500ms", answer_timeout="2m", memory="1.5GiB", isolate=True), environment={})
    assert (options.first_answer_s, options.answer_s, options.memory_bytes, options.isolate) == (0.5, 120.0, 3 << 29, True)
    assert options_of(flags(memory="0"), environment={}).memory_bytes == 0
    assert options_of(flags(memory="100MB"), environment={}).memory_bytes == 100_000_000
    assert options.as_table() == {"start_timeout": "0.5s", "answer_timeout": "120s", "memory": "1536MiB", "isolate": True}


def test_a_header_is_a_name_and_a_value_and_words_of_it_may_come_from_the_environment():
    assert headers("Authorization: Bearer abc") == [("Authorization", "Bearer abc")]
    assert headers("X-Empty-Space:a:b") == [("X-Empty-Space", "a:b")]
    assert headers("Authorization: env:ACME_TOKEN", "B: Bearer env:ACME_TOKEN x") == [("Authorization", "hunter22-value"), ("B", "Bearer hunter22-value x")]
    assert headers("A: myenv:ACME_TOKEN") == [("A", "myenv:ACME_TOKEN")]


def test_a_header_of_the_file_gives_way_to_one_of_the_same_name():
    file = read_reaching({"headers": ["authorization: env:ACME_TOKEN", "X-Kept: 1"], "answer_timeout": "7s", "memory": "64MiB", "isolate": True})
    options = options_of(flags("Authorization: mine-it-is", memory="32MiB"), file, environment={})
    assert [(name, secret.reveal()) for name, secret in options.headers] == [("X-Kept", "1"), ("Authorization", "mine-it-is")]
    assert (options.answer_s, options.memory_bytes, options.isolate) == (7.0, 32 << 20, True)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("hunter22", 'must be "Name: value"'),
        ("bad name: hunter22", 'must be "Name: value"'),
        (": hunter22", 'must be "Name: value"'),
        ("A:", "must not be empty"),
        ("A: hunter22\r\nX-Injected: 1", "printable ASCII"),
        ("A: hunter22ü", "printable ASCII"),
        ("A: " + "hunter22" * 2_000, "printable ASCII on one line, of at most 8192"),
        ("Content-Length: hunter22", "Content-Length frames the message"),
        ("transfer-encoding: hunter22", "frames the message"),
        ("A: env:", "name of a variable"),
        ("A: hunter22 env:NOT-A-NAME", "name of a variable"),
        ("A: hunter22 env:MISSING", "variable MISSING is not set; export MISSING=…"),
        ("A: env:EMPTY", "variable EMPTY is empty"),
        ("A: env:UMLAUT", "printable ASCII"),
    ],
)
def test_a_header_that_is_none_is_refused_in_one_line_without_its_value(header, says):
    with pytest.raises(InputError) as caught:
        headers(header)
    assert str(caught.value).startswith("--header")
    assert says in str(caught.value)
    assert "hunter22" not in f"{caught.value} {caught.value!r}"
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60))
def test_no_error_repeats_what_was_written(text):
    value = f"hunter22{text}hunter22"
    for header in (value, f"Authorization: {value}"):
        with contextlib.suppress(InputError):
            headers(header)
            continue
        with pytest.raises(InputError) as caught:
            headers(header)
        assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"headers": "A: hunter22"}, "target.headers must be a list of texts"),
        ({"headers": [1]}, "target.headers must be a list of texts"),
        ({"headers": ["hunter22"]}, 'target.headers must be "Name: value"'),
        ({"isolate": "yes"}, "target.isolate must be true or false"),
        ({"start_timeout": 10}, "target.start_timeout must be a text"),
        ({"start_timeout": "10"}, "target.start_timeout must be a duration"),
        ({"answer_timeout": "0s"}, "target.answer_timeout must be at least 1ms"),
        ({"answer_timeout": "2d"}, "target.answer_timeout must be at most 1d"),
        ({"memory": "4"}, "target.memory must be a size with its unit"),
        ({"memory": "1KiB"}, "target.memory must be at least 16MiB"),
        ({"memory": 4}, 'target.memory must be a text, was 4; write "4GiB"'),
    ],
)
def test_what_a_file_says_wrong_is_refused_by_its_key(table, says):
    with pytest.raises(InputError) as caught:
        read_reaching(table)
    assert str(caught.value).startswith(says)
    assert "hunter22" not in str(caught.value)


def test_a_file_may_name_a_variable_that_is_not_set_as_long_as_it_is_not_used():
    file = read_reaching({"headers": ["Authorization: env:MISSING"]})
    assert options_of(flags("Authorization: x-mine"), NOTHING, environment={}).headers
    with pytest.raises(InputError, match=r"target\.headers Authorization: the environment variable MISSING is not set"):
        options_of(NOTHING, file, environment={})
