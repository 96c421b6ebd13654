"""Failing examples are shared: what one run found and stored, another asks first. A folder, an artifact of GitHub's without a network, and Redis."""

import shutil
import socket
import subprocess
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import Phase, given, settings
from hypothesis.database import DirectoryBasedExampleDatabase, GitHubArtifactDatabase, MultiplexedDatabase, ReadOnlyDatabase

from indexlab.testing import assert_index_stable, between, scenarios, single_source
from tests.testing.run_index import mean_index, median_index


def large_basket_index(params):
    """Wrong for eight sources or more: the simplest example, with which Hypothesis begins, does not show it."""
    return (mean_index if len(params["sources"]) >= 8 else median_index)(params)


def asked_by(database, **changes) -> list:
    """Run the test with a database; return the scenarios it was asked, in their order. It fails, as it should."""
    asked = []

    @settings(database=database, derandomize=False, deadline=None, phases=[Phase.reuse, Phase.generate, Phase.shrink], **changes)
    @given(scenario=scenarios(sources=between(5, 9), faults=single_source()))
    def test_the_index_stays(scenario):
        asked.append(scenario)
        assert_index_stable(large_basket_index, scenario)

    with pytest.raises(AssertionError, match="BROKEN  single-source"):
        test_the_index_stays()
    return asked


def person(local, shared) -> MultiplexedDatabase:
    return MultiplexedDatabase(DirectoryBasedExampleDatabase(local), ReadOnlyDatabase(shared))


def test_a_folder(tmp_path):
    smallest = asked_by(DirectoryBasedExampleDatabase(tmp_path / "ci"))[-1]
    shutil.copytree(tmp_path / "ci", tmp_path / "shared")
    asked = asked_by(person(tmp_path / "local", DirectoryBasedExampleDatabase(tmp_path / "shared")))
    assert asked[0] == smallest
    assert len(asked) < 20, "what was smallest already is not looked for anew"


def as_artifact(folder, cache) -> None:
    """Put a folder where Hypothesis keeps the artifact that it downloaded: one zip, named after the moment, with the folder's files at its root."""
    cache.mkdir()
    name = datetime.now(UTC).isoformat().replace(":", "_")
    with zipfile.ZipFile(cache / f"{name}.zip", "w") as artifact:
        for path in folder.rglob("*"):
            if path.is_file():
                artifact.write(path, path.relative_to(folder).as_posix())


def test_an_artifact(tmp_path, monkeypatch):
    """As upload-artifact makes it; what is younger than a day is not downloaded again."""
    monkeypatch.setattr(GitHubArtifactDatabase, "_get_bytes", lambda *_: pytest.fail("nothing is to be asked of the network"))
    smallest = asked_by(DirectoryBasedExampleDatabase(tmp_path / "hypothesis-examples"))[-1]
    as_artifact(tmp_path / "hypothesis-examples", tmp_path / "cache")
    shared = GitHubArtifactDatabase("acme", "index", artifact_name="hypothesis-examples", path=tmp_path / "cache")
    asked = asked_by(person(tmp_path / "local", shared))
    assert asked[0] == smallest
    assert len(asked) < 20


@pytest.fixture
def redis_server(tmp_path):
    """A server of our own on loopback, that keeps nothing."""
    redis = pytest.importorskip("redis", reason="the redis package is not installed: pip install 'indexlab[redis]'")
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed: apt-get install redis-server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(tmp_path)]
    with subprocess.Popen([program, *flags], stdout=subprocess.PIPE, text=True) as server:
        try:
            for line in server.stdout:
                if "eady to accept connections" in line:
                    break
            with redis.Redis(port=port) as client:
                yield client
        finally:
            server.terminate()


def test_redis(tmp_path, redis_server):
    from hypothesis.extra.redis import RedisExampleDatabase

    smallest = asked_by(RedisExampleDatabase(redis_server))[-1]
    assert redis_server.dbsize() > 0
    asked = asked_by(person(tmp_path / "local", RedisExampleDatabase(redis_server)))
    assert asked[0] == smallest
    assert len(asked) < 20


def test_without_what_was_shared_it_is_looked_for_anew(tmp_path):
    """The tests above could fail: a person with an empty database does not begin with the smallest."""
    smallest = asked_by(DirectoryBasedExampleDatabase(tmp_path / "ci"))[-1]
    assert len(smallest.sources) == 8
    assert asked_by(DirectoryBasedExampleDatabase(tmp_path / "empty"))[0] != smallest
