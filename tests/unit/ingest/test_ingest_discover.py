# ruff: noqa: E501 -- tables of hostile text read best a case a line
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

from ingest.discover import LandingError, discover
from ingest.entities import ENTITIES
from tests.unit.ingest.event_rows import event


@pytest.fixture
def find(landing):
    def run(known=(), settle_seconds=0):
        found = discover(landing.root, ENTITIES, set(known), settle_seconds)
        return [file.path for file in found.files], {note.path: note.reason for note in found.notes}

    return run


def test_files_come_in_loading_order_at_any_depth(landing, find):
    names = ["events/b.ndjson", "events/2026/11/a.ndjson.gz", "users/u.csv.zst", "workspaces/w.parquet", "segments/s.json",
             "consents/c.jsonl", "goals/g.CSV", "features/f.ndjson", "events/a.ndjson"]  # fmt: skip
    for name in names:
        landing.write(name, b"x")
    assert find() == (
        ["workspaces/w.parquet", "users/u.csv.zst", "consents/c.jsonl", "features/f.ndjson", "goals/g.CSV", "segments/s.json",
         "events/2026/11/a.ndjson.gz", "events/a.ndjson", "events/b.ndjson"],
        {},
    )  # fmt: skip


def test_what_is_no_landing_file_is_left_alone_with_a_note(landing, find):
    for name in (
        "events/.hidden.ndjson",
        "events/_x.ndjson",
        "events/a.tmp",
        "events/a.ndjson.part",
        "events/_t/a.ndjson",
    ):
        landing.write(name, b"x")
    for name in ("events/a.xml", "events/b.parquet.gz", "other/a.ndjson", "top.ndjson"):
        landing.write(name, b"x")
    landing.write("events/empty.ndjson", b"")
    os.mkfifo(landing.root / "events/pipe.ndjson")
    files, notes = find()
    assert files == []
    assert sorted(notes) == sorted(
        [
            "events/a.xml",
            "events/b.parquet.gz",
            "other/a.ndjson",
            "top.ndjson",
            "events/empty.ndjson",
            "events/pipe.ndjson",
        ]
    )


def test_links_out_of_the_root_are_refused_and_links_within_it_read(landing, find, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.ndjson").write_text("x")
    landing.write("events/real.ndjson", b"x")
    events = landing.root / "events"
    (events / "file.ndjson").symlink_to(outside / "secret.ndjson")
    (events / "folder").symlink_to(outside)
    (events / "near.ndjson").symlink_to(events / "real.ndjson")
    (events / "loop").symlink_to(events)
    (events / "gone.ndjson").symlink_to(events / "nowhere")
    files, notes = find()
    assert files == ["events/near.ndjson", "events/real.ndjson"]
    assert notes.keys() == {"events/file.ndjson", "events/folder", "events/loop", "events/gone.ndjson"}
    assert "leads out of the landing root" in notes["events/file.ndjson"]


def test_root_with_a_longer_twin_does_not_contain_it(landing, find, tmp_path):
    (tmp_path / "landing-2").mkdir()
    (tmp_path / "landing-2" / "a.ndjson").write_text("x")
    landing.write("events/real.ndjson", b"x")
    (landing.root / "events/a.ndjson").symlink_to(tmp_path / "landing-2" / "a.ndjson")
    assert find()[0] == ["events/real.ndjson"]


def test_known_file_is_not_opened_again_unless_size_or_time_moved(landing):
    path = landing.write("events/a.ndjson", [event()])
    assert len(landing.load().files) == 1
    path.chmod(0)
    assert landing.load().files == []
    path.chmod(0o644)
    os.utime(path, ns=(1, 1))
    assert [file.status for file in landing.load().files] == ["known"]
    path.write_text(path.read_text() + path.read_text())
    assert landing.load().total("duplicates") == 2


def test_growing_file_is_left_for_the_next_run(landing, find):
    path = landing.write("events/a.ndjson", b"x")
    stop = threading.Event()

    def grow():
        while not stop.is_set():
            with path.open("ab") as file:
                file.write(b"x")
            time.sleep(0.02)

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        files, notes = find(settle_seconds=0.3)
    finally:
        stop.set()
        thread.join()
    assert (files, notes) == ([], {"events/a.ndjson": "still being written; left for the next run"})
    assert find(settle_seconds=0.3)[0] == ["events/a.ndjson"]


def test_odd_file_names_load_and_stay_apart(landing):
    names = [
        "a'b\".ndjson",
        "*.ndjson",
        "[a].ndjson",
        "a\nb.ndjson",
        "😀.ndjson",
        "a;drop table x.ndjson",
        "%s$1.ndjson",
        "-r.ndjson",
    ]
    for number, name in enumerate(names):
        landing.write(f"events/{name}", [event(event_id=str(number))])
    raw_name = os.fsdecode(b"\xff\xfe.ndjson")
    landing.write(f"events/{raw_name}", [event(event_id="raw")])
    report = landing.load()
    assert report.total("loaded") == len(names) + 1
    assert {path for (path,) in landing.fetch("select path from raw.files")} >= {f"events/{name}" for name in names}
    assert all("\n" not in line for line in report.lines())
    assert landing.load().files == []


def test_missing_root_is_a_clear_error(landing, tmp_path):
    for root in (tmp_path / "nowhere", landing.write("events/a.ndjson", b"x")):
        with pytest.raises(LandingError, match="is not a folder. Create it, or set FOOTFALL_LANDING"):
            discover(root, ENTITIES, set())


@pytest.fixture(scope="module")
def bucket():
    """A bucket of a local S3 server, as an fsspec filesystem."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    endpoint = f"http://127.0.0.1:{port}"
    settings = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        try:
            for _ in range(200):
                try:
                    urllib.request.urlopen(endpoint, timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            import s3fs

            filesystem = s3fs.S3FileSystem(skip_instance_cache=True)
            filesystem.mkdir("bucket")
            yield filesystem
        finally:
            server.terminate()
            server.wait()


def test_bucket_is_loaded_once_and_a_changed_object_again(landing, bucket):
    import json

    bucket.pipe("bucket/in/events/2026/a b'\".ndjson", json.dumps(event()).encode())
    bucket.pipe("bucket/in/users/u.csv", b"user_id\nu1\n")
    bucket.pipe("bucket/in/events/.hidden.ndjson", b"x")
    bucket.pipe("bucket/in/events/empty.ndjson", b"")
    report = landing.load(root="s3://bucket/in")
    assert [(file.path, file.loaded) for file in report.files] == [("users/u.csv", 1), ("events/2026/a b'\".ndjson", 1)]
    assert [note.path for note in report.notes] == ["events/empty.ndjson"]
    assert landing.load(root="s3://bucket/in").files == []
    bucket.pipe("bucket/in/users/u.csv", b"user_id\nu2\n")
    assert [file.loaded for file in landing.load(root="s3://bucket/in").files] == [1]


def test_missing_bucket_is_a_clear_error(landing, bucket):
    with pytest.raises(LandingError, match="s3://nowhere"):
        landing.load(root="s3://nowhere/in")
