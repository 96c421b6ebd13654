"""The JSON Schemas in the package say what the files' readers and writers do.

To accept changed schemas: `.venv/bin/python -m tests.report.test_schemas`, and read the difference that git shows.
"""

import json
import tomllib
from pathlib import Path

import jsonschema
import msgspec
import pytest

from indexlab.audit.plan import _SECTIONS, read_plan
from indexlab.market.errors import InputError
from indexlab.market.fixture_declaration import parse_fixture_toml
from indexlab.report.document import report_bytes
from indexlab.report.schemas import SCHEMAS, schema_bytes, schema_text
from indexlab.scenarios.expect import Expect
from tests.report.samples import judged, survey

HERE = Path(__file__).parents[2]
FOLDER = HERE / "indexlab" / "schemas"
PLAN = """
[target]
use = "exec:./acme-index --stdio"
sources = [{ id = "coinbase", venue = "coinbase", quote = "USD", weight = 0.4 }, { id = "kraken", venue = "kraken", weight = 1 }]
[expect]
max_displacement = "1%"
margin_headroom = 0.02
max_age = "60s"
clock = "event"
interval = "1s"
min_sources = 3
waive = { hull = "we know" }
[margin]
venue = "okx"
mark = "venue"
[run]
profile = "ci"
seed = 1
only = ["hull"]
estimate = 3000
require_coverage = false
"""


def validator(name):
    schema = json.loads(schema_text(name))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def toml(text):
    """Return TOML as a validator sees it: dates as texts."""
    return json.loads(json.dumps(tomllib.loads(text), default=lambda moment: moment.isoformat()))


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_lies_in_the_package_is_what_is_built(name):
    assert (FOLDER / f"{name}.json").read_bytes() == schema_bytes(name)
    validator(name)


def test_nothing_else_lies_there():
    assert {path.stem for path in FOLDER.iterdir()} == set(SCHEMAS)


def test_a_plan_has_the_keys_that_its_reader_knows():
    sections = json.loads(schema_text("plan"))["properties"]
    assert set(sections) == set(_SECTIONS)
    for name, keys in _SECTIONS.items():
        known = {field.name for field in msgspec.structs.fields(Expect)} if keys is None else set(keys)
        assert set(sections[name]["properties"]) == known, name


def test_what_editors_are_told_as_default_is_the_default():
    told = {key: entry["default"] for key, entry in json.loads(schema_text("plan"))["properties"]["expect"]["properties"].items() if "default" in entry}
    from indexlab.scenarios.expect import Layer, promised

    assert promised([Layer("schema", told)]) == Expect()


def test_a_right_plan_fits():
    validator("plan").validate(toml(PLAN))


WRONG = {
    'profile = "ci"': 'profile = "slow"',
    "seed = 1": "seed = -1",
    'max_age = "60s"': "max_age = 60",
    'clock = "event"': 'clock = "venue"',
    "min_sources = 3": 'min_sources = "3"',
    'venue = "okx"': "venue = 3",
    'mark = "venue"': 'mark = "last"',
    "[run]": "[ran]",
    "estimate = 3000": "estimated = 3000",
    "weight = 0.4": "weight = -1.0",
    'only = ["hull"]': 'only = "hull"',
    "require_coverage = false": 'require_coverage = "no"',
}


@pytest.mark.parametrize(("right", "wrong"), WRONG.items(), ids=WRONG.values())
def test_what_the_reader_refuses_the_schema_refuses(right, wrong, tmp_path):
    text = PLAN.replace(right, wrong)
    assert not validator("plan").is_valid(toml(text))
    path = tmp_path / "indexlab.toml"
    path.write_text(text)
    from indexlab.scenarios.expect import Layer, promised

    with pytest.raises(InputError):
        promised([Layer("plan", read_plan(path).expect)])


FIXTURES = sorted((HERE / "fixtures").glob("*/fixture.toml"))


@pytest.mark.parametrize("path", FIXTURES, ids=[path.parent.name for path in FIXTURES])
def test_every_bundled_fixture_fits(path):
    validator("fixture").validate(toml(path.read_text()))


@pytest.mark.parametrize("key", ["schema", "id", "title", "kind", "instrument", "start", "end", "interval", "source", "provenance"])
def test_a_fixture_without_a_key_that_its_reader_needs_does_not_fit(key):
    table = toml(FIXTURES[0].read_text())
    del table[key]
    assert not validator("fixture").is_valid(table)
    with pytest.raises(InputError):
        parse_fixture_toml("\n".join(f"{name} = {json.dumps(value)}" for name, value in table.items() if not isinstance(value, dict | list)), file="x")


@pytest.mark.parametrize("sample", [judged, survey])
def test_every_report_that_is_written_fits(sample):
    validator("report").validate(json.loads(report_bytes(sample())))


def test_the_committed_report_and_its_findings_fit():
    folder = HERE / "reports" / "sample"
    validator("report").validate(json.loads((folder / "report.json").read_bytes()))
    findings = list(folder.glob("findings/**/*.json"))
    assert findings
    for path in findings:
        validator("scenario").validate(json.loads(path.read_bytes()))


def test_what_the_report_says_is_in_the_schema():
    """A key that is written and described nowhere would leave other programs guessing."""
    schema = json.loads(schema_text("report"))
    document = json.loads(report_bytes(judged()))
    assert set(document) <= set(schema["properties"])
    for target in document["targets"]:
        assert set(target) <= set(schema["$defs"]["target"]["properties"])
        for prop in target["properties"]:
            assert set(prop) <= set(schema["$defs"]["property"]["properties"])
            for finding in prop["findings"]:
                assert set(finding) <= set(schema["$defs"]["finding"]["properties"])


@pytest.mark.parametrize("key", ["schema", "seed", "targets", "plan", "run"])
def test_a_report_without_a_key_does_not_fit(key):
    document = json.loads(report_bytes(judged()))
    del document[key]
    assert not validator("report").is_valid(document)


def test_an_unknown_name_is_said():
    with pytest.raises(InputError, match='did you mean "plan"'):
        schema_text("plans")


if __name__ == "__main__":
    for each in SCHEMAS:
        (FOLDER / f"{each}.json").write_bytes(schema_bytes(each))
