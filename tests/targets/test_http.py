"""A target over HTTP: asked on one connection, answered as any other, and every way in which it can fail is named."""

import json
import os
import shutil
import ssl
import subprocess
import threading

import numpy as np
import pytest

from indexlab.market.errors import InputError, TargetFailure
from indexlab.targets.http_address import read_address
from indexlab.targets.resolve import open_target
from indexlab.targets.serve_http import HttpServer
from tests.targets.conversations import agreeing, request
from tests.targets.web import DESCRIPTION, opened, right, web

SPREAD = request([(0, s, 50_000.0 + 7 * s) for s in range(4)] + [(1, 3, 90_000.0), (1.5, 0, float("nan"))])


def only(outcomes):
    (outcome,) = outcomes
    return outcome


def failing(status, body, headers=None):
    return lambda method, params: DESCRIPTION if method == "describe" else (status, body, headers or {})


def failure_of(respond, **how):
    with web(respond) as server, opened(server.address, **how) as target:
        outcome = only(target.index([agreeing()]))
    assert isinstance(outcome, TargetFailure)
    return outcome


def test_a_served_preset_answers_over_http_as_in_this_process():
    with open_target("preset:okx-2018") as here, HttpServer(here, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with opened(server.address) as there:
            assert there.describe().name == here.describe().name
            mine, theirs = only(here.index([SPREAD])), only(there.index([SPREAD]))
        server.shutdown()
    assert np.array_equal(mine.value, theirs.value, equal_nan=True)
    assert mine.status.tolist() == theirs.status.tolist()
    assert theirs.weight is not None


def test_many_requests_go_over_one_connection():
    with web() as server, opened(server.address) as target:
        for _ in range(20):
            assert only(target.index([agreeing()])).value.tolist() == [50_000.0] * 3
        assert (server.connections, len(server.requests)) == (1, 21)


def test_a_server_that_closes_after_each_answer_is_asked_on_a_new_connection():
    with web(keep_alive=False) as server, opened(server.address) as target:
        for _ in range(3):
            assert only(target.index([agreeing()])).value.tolist() == [50_000.0] * 3
        assert (server.connections, len(server.requests)) == (4, 4)


def test_the_methods_lie_below_the_base_address():
    with web() as server, opened(f"{server.address}/v1/btc/") as target:
        target.index([agreeing()])
        assert [path for path, _, _ in server.requests] == ["/v1/btc/describe", "/v1/btc/index"]


def test_runs_go_in_batches_where_the_target_takes_them():
    def respond(method, params):
        return DESCRIPTION | {"provides": ["index", "index_batch"]} if method == "describe" else [right("index", one) for one in params]

    with web(respond) as server, opened(server.address) as target:
        outcomes = target.index([agreeing()] * 20)
        assert [outcome.value.tolist() for outcome in outcomes] == [[50_000.0] * 3] * 20
        assert [path for path, _, _ in server.requests] == ["/describe", "/index_batch", "/index_batch"]


def test_the_run_that_a_batch_fails_on_is_found_and_the_others_are_judged():
    def respond(method, params):
        if method == "describe":
            return DESCRIPTION | {"provides": ["index", "index_batch"]}
        runs = params if method == "index_batch" else [params]
        if any(run["observations"]["price"][0] == 13 for run in runs):
            return 500, b'{"error": {"message": "thirteen"}}', {}
        return [right("index", run) for run in runs] if method == "index_batch" else right(method, params)

    with web(respond) as server, opened(server.address) as target:
        outcomes = target.index([agreeing(), agreeing(13.0), agreeing()])
    assert [getattr(outcome, "kind", "") for outcome in outcomes] == ["", "error", ""]
    assert "thirteen" in outcomes[1].detail


@pytest.mark.parametrize("status", [400, 418, 500, 503])
def test_an_error_is_told_with_its_message_and_status_and_the_connection_goes_on(status):
    body = json.dumps({"error": {"message": "no price for kraken"}}).encode()
    with web(failing(status, body)) as server, opened(server.address) as target:
        failures = [only(target.index([agreeing()])) for _ in range(8)]
        assert server.connections == 1
    assert {failure.kind for failure in failures} == {"error"}
    assert failures[-1].detail.startswith(f"answered with an error: no price for kraken with status {status}")


def test_an_error_page_is_kept_as_the_log():
    failure = failure_of(failing(502, b"<html>\n<h1>Bad gateway</h1>\nupstream acme-index:9000 refused</html>"))
    assert (failure.kind, failure.detail) == ("error", "answered with status 502 Bad Gateway")
    assert "upstream acme-index:9000 refused" in failure.log


@pytest.mark.parametrize(("status", "hint"), [(401, "--header"), (403, "--header"), (404, "/describe and /index"), (405, "POST"), (413, "megabytes")])
def test_what_people_run_into_first_comes_with_a_hint(status, hint):
    assert hint in failure_of(failing(status, b"no")).detail


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status):
    with web() as elsewhere:
        failure = failure_of(failing(status, b"", {"Location": f"{elsewhere.address}/index"}), headers=[("Authorization", "Bearer s3cr3t-t0ken")])
        assert elsewhere.connections == 0
    assert failure.kind == "error"
    assert f"to {elsewhere.address}/index; none is followed" in failure.detail


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        ((200, b"", {}), "not-json", "answered an empty body"),
        ((200, b"<html>", {}), "not-json", "no JSON: <html>"),
        ((200, b'{"index": [NaN, NaN, NaN], "status": ["ok", "ok", "ok"]}', {}), "not-json", "answered NaN"),
        ((200, b'{"index": [1.0, 2.0], "status": ["ok", "ok", "ok"]}', {}), "misfit", "index must have 3 entries"),
        ((200, b"[]", {}), "misfit", "result must be an object"),
        ((200, b'{"id": 1, "result": {}}', {}), "misfit", "index must be a list, is missing"),
        ((204, b"", {}), "misfit", "must have status 200, had 204"),
        ((200, b"\x1f\x8b\x08", {"Content-Encoding": "gzip"}), "not-json", "Content-Encoding gzip"),
    ],
)
def test_an_answer_that_does_not_fit_is_named(answer, kind, says):
    failure = failure_of(failing(*answer))
    assert failure.kind == kind
    assert says in failure.detail


def test_a_misfit_costs_no_connection_and_does_not_count_towards_giving_up():
    with web(failing(200, b"[]")) as server, opened(server.address) as target:
        assert {only(target.index([agreeing()])).kind for _ in range(9)} == {"misfit"}
        assert server.connections == 1


def test_what_is_sent_says_what_it_is_and_headers_are_sent_as_they_were_given():
    with (
        web() as server,
        opened(server.address, headers=[("Authorization", "Bearer s3cr3t"), ("user-agent", "acme-ci"), ("X-Twice", "a"), ("X-Twice", "b")]) as target,
    ):
        target.describe()
        _, headers, body = server.requests[0]
    assert json.loads(body) == {"protocol": 1}
    assert headers["content-type"] == headers["accept"] == "application/json"
    assert headers["accept-encoding"] == "identity"
    assert (headers["authorization"], headers["user-agent"]) == ("Bearer s3cr3t", "acme-ci")


def test_a_host_header_takes_the_place_of_the_usual_one():
    with web() as server, opened(server.address, headers=[("Host", "index.acme.example")]) as target:
        target.describe()
        assert server.requests[0][1]["host"] == "index.acme.example"


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with web() as server, opened(server.address) as target:
        assert target.describe().name == "web"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on this machine: no certificate can be made")
    folder = tmp_path_factory.mktemp("tls")
    files = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=acme"]
    subprocess.run([*command, "-addext", "subjectAltName=IP:127.0.0.1", "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


def trusting(files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with (
        web(trust=trusting(certificate)) as server,
        opened(server.address) as target,
        pytest.raises(TargetFailure, match="certificate cannot be verified") as caught,
    ):
        target.describe()
    assert caught.value.kind == "not-started"
    assert "SSL_CERT_FILE" in caught.value.detail


def test_a_certificate_of_an_authority_of_ones_own_is_taken(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", os.fspath(certificate[0]))
    with web(trust=trusting(certificate)) as server, opened(server.address) as target:
        for _ in range(3):
            assert only(target.index([agreeing()])).value.tolist() == [50_000.0] * 3
        assert server.connections == 1


def test_a_certificate_for_another_name_is_refused(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", os.fspath(certificate[0]))
    refused = pytest.raises(TargetFailure, match="certificate cannot be verified")
    with web(trust=trusting(certificate)) as server, opened(server.address.replace("127.0.0.1", "localhost")) as target, refused as caught:
        target.describe()
    assert caught.value.kind == "not-started"


def test_http_spoken_to_a_server_of_https_and_the_other_way_round_is_told(certificate):
    with web(trust=trusting(certificate)) as secure, opened(secure.address.replace("https", "http")) as target, pytest.raises(TargetFailure) as caught:
        target.describe()
    assert caught.value.kind in {"exited", "not-json"}
    with web() as plain, opened(plain.address.replace("http", "https")) as target, pytest.raises(TargetFailure, match=r"is it http://\?") as caught:
        target.describe()
    assert caught.value.kind == "not-started"


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://index.acme.example/", "http://index.acme.example"),
        ("https://[::1]:8443/v1/", "https://[::1]:8443/v1"),
        ("https://acme.example:443/a%20b", "https://acme.example/a%20b"),
    ],
)
def test_an_address_is_read(label, text):
    assert read_address(label).text == text


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("http:", "names no host"),
        ("http:127.0.0.1:8080", "names no host"),
        ("http:///index", "names no host"),
        ("http://acme.example:eighty", "is no address"),
        ("http://acme.example:99999", "is no address"),
        ("http://acme.example:0", "port 0"),
        ("http://acme.example/index?token=hunter22", "query"),
        ("http://acme.example/index#x", "query or a fragment"),
        ("http://acme.example/a b", "printable ASCII"),
        ("http://bücher.example", "printable ASCII"),
        ("http://acme.example/a\nb", "printable ASCII"),
        ("http://[::1", "is no address"),
        ("http://user:hunter22@acme.example", "--header"),
        ("http://hunter22@acme.example", "--header"),
        ("https://user:hunter22@acme.example:port/", "is no address"),
        ("https://user:hunter22@[::1", "is no address"),
        ("https://user:hunter22@/x", "--header"),
    ],
)
def test_an_address_that_is_none_is_refused_in_one_line_that_repeats_no_secret(label, says):
    with pytest.raises(InputError) as caught:
        open_target(label)
    assert says in str(caught.value)
    assert "hunter22" not in str(caught.value)
    assert "\n" not in str(caught.value)
