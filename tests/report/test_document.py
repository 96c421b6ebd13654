"""report.json keeps its contract."""

import json
import math

import msgspec

from indexlab.report.document import report_bytes, report_document
from tests.report.samples import hostile, judged, survey


def test_the_contract_of_schema_1():
    """The keys that the issue names are there, under their names."""
    document = json.loads(report_bytes(judged()))
    assert {key: document[key] for key in ("schema", "indexlab", "seed", "profile")} == {"schema": 1, "indexlab": "0.1.0", "seed": 1, "profile": "ci"}
    [target] = document["targets"]
    assert (target["target"], target["name"]) == ("exec:./acme-index", "acme-index")
    assert target["measures"]["breakdown_point"] == 3
    by_id = {one["id"]: one for one in target["properties"]}
    assert list(by_id["hull"]) == ["id", "verdict", "reason", "scenarios", "premise_met", "breaches", "worst", "finding", "findings", "known"]
    assert by_id["hull"]["finding"] is None
    silent = by_id["silent-source"]
    assert (silent["verdict"], silent["scenarios"], silent["premise_met"], silent["worst"]["value"]) == ("violated", 10_000, 9_412, 0.00131)
    assert silent["finding"]["scenario"] == "findings/7f3a-000412.json"
    assert silent["finding"]["reproduce"].startswith("indexlab replay ")
    assert silent["finding"]["summary"].startswith("90 s after kraken")


def test_two_runs_differ_only_in_when_they_ran():
    """Nothing outside `run` depends on the clock."""
    one, other = (report_document(msgspec.structs.replace(survey(), started=started, seconds=seconds)) for started, seconds in (("a", 1.0), ("b", 2.0)))
    assert one.pop("run") != other.pop("run")
    assert one == other


def test_measures_stand_in_one_order():
    """Measures that were gathered in another order give the same bytes."""
    result = judged()
    turned = dict(reversed(result.targets[0].measures["worst_displacement_by_fault"].items()))
    target = msgspec.structs.replace(result.targets[0], measures={"breakdown_point": 3, "worst_displacement_by_fault": turned})
    assert report_bytes(msgspec.structs.replace(result, targets=[target])) == report_bytes(result)


def test_any_text_and_number_is_valid_json():
    """Surrogates and control characters are escaped, infinities are words; strict readers accept the file."""

    def refuse(word):
        raise AssertionError(word)

    document = json.loads(report_bytes(hostile()).decode("utf-8"), parse_constant=refuse)
    assert document["targets"][0]["properties"][0]["worst"]["value"] == "Infinity"
    assert math.isnan(float(document["targets"][0]["properties"][1]["worst"]["value"]))
    assert document["targets"][0]["target"] == hostile().targets[0].target
