"""An archive judged block by block: each picture once, whatever stops a run or lies in the way."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import boto3
import cv2
import pytest
from pyarrow import parquet
from stores import BUCKET, filled, jpeg, object_store
from threadpoolctl import threadpool_info

from helpers import refused, run
from kenpin.errors import ArchiveError
from kenpin.inspection import Inspector
from kenpin.learning import learn
from kenpin.recipe import Recipe
from kenpin.scale import Here, Storage, judge_archive
from kenpin.scale import storage as storage_module
from kenpin.scale.judging import Block, Kind, Order, judge_block
from kenpin.system import cores

RECIPE = Recipe(model="pca", false_reject=0.1)
COUNT = 42  # pictures with a verdict; two have none


@pytest.fixture(scope="module")
def part(tmp_path_factory):
    path = tmp_path_factory.mktemp("part") / "p.kenpin"
    folder = path.parent / "good"
    folder.mkdir()
    for seed in range(100, 140):
        (folder / f"{seed}.jpg").write_bytes(jpeg(seed))
    learn(folder, RECIPE).save(path)
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return filled(tmp_path_factory.mktemp("archive") / "pictures", COUNT)


@pytest.fixture(scope="module")
def whole(part, pictures):
    """The rows of a run that nothing stopped."""
    out = pictures.parent / "out"
    judge_archive(part, str(pictures), str(out), Here(1), block=10)
    return out


def rows(out):
    files = sorted((out / "verdicts").glob("*.parquet"))
    return [row for file in files for row in parquet.read_table(file).to_pylist()]


def same(one, other):
    names = [sorted(path.name for path in (out / "verdicts").iterdir()) for out in (one, other)]
    assert names[0] == names[1]
    for name in names[0]:
        assert (one / "verdicts" / name).read_bytes() == (other / "verdicts" / name).read_bytes()


def test_each_picture_has_one_row_and_it_is_the_verdict_of_inspect(part, pictures, whole):
    found = rows(whole)
    names = [row["picture"] for row in found]
    assert len(names) == len(set(names)) == COUNT + 2 and names == sorted(names)
    inspector = Inspector.open(part)
    for row in found:
        if row["error"]:
            assert row["picture"] in ("cut.jpg", "day1/empty.png") and row["outcome"] is None
            assert row["error_values"] is not None
            continue
        verdict = inspector.inspect(pictures / row["picture"])
        assert (row["outcome"], row["score"]) == (verdict.outcome.value, verdict.score)
        assert (row["limit"], row["p_value"]) == (verdict.limit, verdict.p_value)
        assert len(row["regions"]) == len(verdict.regions)
        assert (row["height"], row["width"]) == verdict.size
    assert not [path for path in whole.iterdir() if path.name == "running.json"]


def test_a_run_that_is_killed_is_gone_on_with(part, pictures, whole, tmp_path):
    """And no picture of a block that was done is judged again."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "kenpin", "archive", "judge", str(part), str(pictures),
               "--out", str(out), "--block", "10", "--cores", "1"]  # fmt: skip
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    first = out / "verdicts" / "000000.parquet"
    while not first.exists():
        assert run.poll() is None
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    done = sorted((out / "verdicts").glob("*.parquet"))
    written = {path: path.stat().st_mtime_ns for path in done}
    assert (out / "running.json").exists()  # it died with it in its hand
    told = judge_archive(part, str(pictures), str(out), Here(1), block=10)
    assert told.before == sum(len(parquet.read_table(path)) for path in written)
    assert told.done == told.pictures == COUNT + 2 and told.again == 0
    assert {path: path.stat().st_mtime_ns for path in written} == written
    same(out, whole)


def test_several_processes_give_the_same_files(part, pictures, whole, tmp_path):
    told = judge_archive(part, str(pictures), str(tmp_path / "out"), Here(2), block=10)
    assert told.done == told.pictures == COUNT + 2
    same(tmp_path / "out", whole)
    order = Order(part.read_bytes(), "", Kind("0.0.1", "x"), Storage.of(str(pictures)),
                  Storage.of(str(tmp_path / "other")), None)  # fmt: skip
    with pytest.raises(ArchiveError, match=r"this is 0\.0\.1"):
        list(Here(2).map(judge_block, order, [Block(0, (("day0/000.jpg", 9),))]))
    with pytest.raises(ArchiveError, match="same command again"):
        list(Here(2).map(dies, None, [1, 2, 3]))


class Elsewhere:
    """Workers whose disk is not ours."""

    def map(self, work, shared, items):
        yield "verdicts/000000.parquet", {"OK": len(next(iter(items)).pictures)}


def test_rows_that_do_not_arrive_are_told(part, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr("kenpin.scale.storage._PAUSES", (0.0, 0.01))
    with pytest.raises(ArchiveError, match="where all machines see the same"):
        judge_archive(part, str(pictures), str(tmp_path / "out"), Elsewhere())


def test_pictures_that_go_away_stop_the_run(part, pictures, tmp_path):
    """They are no rows: the next run finds them again."""
    folder = shutil.copytree(pictures, tmp_path / "pictures")

    def unplugged(done, of):
        if folder.exists():
            folder.rename(tmp_path / "elsewhere")

    out = tmp_path / "out"
    with pytest.raises(ArchiveError, match="gave 10 of 10 pictures not"):
        judge_archive(part, str(folder), str(out), Here(1), block=10, progress=unplugged)
    assert len(rows(out)) == 10
    (tmp_path / "elsewhere").rename(folder)
    assert judge_archive(part, str(folder), str(out), Here(1)).done == COUNT + 2


def test_each_process_has_its_share_of_the_cores(monkeypatch):
    """So that two parts that are learned at once do not wait for each other's threads."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for count in (2, 4):
        share = max(1, cores() // count)
        told = [(share, {share}, f"{share}")] * 4
        assert list(Here(count).map(cores_there, None, range(4))) == told
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # nobody has more threads than before
    assert [told for *_, told in Here(2).map(cores_there, None, [1])] == ["1"]


def cores_there(_, item):
    blas = [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]
    return cores(), {cv2.getNumThreads(), *blas}, os.environ["OMP_NUM_THREADS"]


def dies(_, item):
    """As a process does that the system kills, for want of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_file_of_rows_that_is_not_whole_is_made_anew(part, pictures, whole, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    (out / "verdicts" / "000001.parquet").write_bytes(b"PAR1 torn")
    cut = out / "verdicts" / "000002.parquet"
    cut.write_bytes(cut.read_bytes()[:-200])
    shutil.copy(out / "verdicts" / "000000.parquet", out / "verdicts" / "000003.parquet")
    told = judge_archive(part, str(pictures), str(out), Here(1))
    assert told.again == 3 and told.before == COUNT + 2 - 30
    same(out, whole)


def test_names_that_are_no_text_and_links_in_a_circle(part, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(jpeg(3))
    (folder / "円.jpg").write_bytes(jpeg(4))
    (folder / os.fsdecode(b"b\xff.jpg")).write_bytes(jpeg(5))
    (folder / "circle").symlink_to(folder)
    other = tmp_path / "another disk"
    (other / "lost+found").mkdir(parents=True)
    (other / "lost+found" / "x.jpg").write_bytes(jpeg(7))
    (other / "d.jpg").write_bytes(jpeg(6))
    (folder / "disk").symlink_to(other)
    told = judge_archive(part, str(folder), str(tmp_path / "out"), Here(1))
    assert told.pictures == 4
    found = {row["picture"]: row["error"] for row in rows(tmp_path / "out")}
    assert found == {
        "a.jpg": None, "円.jpg": None, "b\\udcff.jpg": "archive_gone", "disk/d.jpg": None,
    }  # fmt: skip


def test_ctrl_c_ends_at_once_and_says_so(part, pictures, tmp_path):
    """Not after a block, on one core or on two."""
    for count in ("1", "2"):
        out = tmp_path / count
        many = tmp_path / f"many{count}"
        for number in range(40):
            shutil.copytree(pictures, many / str(number))
        command = [sys.executable, "-m", "kenpin", "archive", "judge", str(part), str(many),
                   "--out", str(out), "--block", "100000", "--cores", count]  # fmt: skip
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not (out / "archive.json").exists():
            time.sleep(0.01)
        time.sleep(1.5)
        run.send_signal(signal.SIGINT)
        _, told = run.communicate(timeout=60)
        assert run.returncode == 130 and "Traceback" not in told and "Stopped" in told, told
        assert not (out / "running.json").exists() and not (out / "verdicts").exists()


def test_a_run_of_another_kenpin_is_not_gone_on_with(part, pictures, whole, tmp_path):
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    about = json.loads((out / "archive.json").read_text())
    (out / "archive.json").write_text(json.dumps(about | {"kenpin": "0.0.1"}))
    with pytest.raises(ArchiveError, match=r"kenpin: 0\.0\.1 there"):
        judge_archive(part, str(pictures), str(out), Here(1))


def test_a_run_that_was_taken_for_dead_ends(part, pictures, tmp_path, monkeypatch):
    """It does not go on writing beside the one that took over."""
    monkeypatch.setattr("kenpin.scale.storage._SIGN", 0.01)
    out = tmp_path / "out"

    def taken_over(done, of):
        lock = out / "running.json"
        lock.write_text(json.dumps({"host": "another", "process": 7, "token": "y"}))
        time.sleep(0.2)

    with pytest.raises(ArchiveError, match="process 7 on another"):
        judge_archive(part, str(pictures), str(out), Here(1), block=4, progress=taken_over)
    assert json.loads((out / "running.json").read_text())["token"] == "y"  # left to its owner
    assert len(list((out / "verdicts").iterdir())) < 11


def test_two_runs_do_not_write_into_one_place(part, pictures, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    lock = out / "running.json"
    own = {"host": socket.gethostname(), "process": os.getpid(), "at": time.time(), "token": "x"}
    lock.write_text(json.dumps(own))
    with pytest.raises(ArchiveError, match=f"process {os.getpid()} on"):
        judge_archive(part, str(pictures), str(out), Here(1))
    assert json.loads(lock.read_text()) == own and not (out / "archive.json").exists()
    lock.write_text(json.dumps(own | {"host": "another", "at": time.time() - 60}))
    with pytest.raises(ArchiveError, match="on another"):
        judge_archive(part, str(pictures), str(out), Here(1))
    lock.write_text(json.dumps(own | {"host": "another", "at": time.time() - 3600}))  # long dead
    assert judge_archive(part, str(pictures), str(out), Here(1)).done == COUNT + 2
    assert not lock.exists()


def test_a_container_that_is_started_again_goes_on(part, pictures, whole, tmp_path):
    """It has the host and the number of the one before it, and so may another that is alive."""
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    lock = out / "running.json"
    own = {"host": socket.gethostname(), "process": os.getpid(), "life": "another", "token": "x"}
    lock.write_text(json.dumps(own | {"at": time.time() - 60}))
    with pytest.raises(ArchiveError, match=f"process {os.getpid()} on"):
        judge_archive(part, str(pictures), str(out), Here(1))
    lock.write_text(json.dumps(own | {"at": time.time() - 180}))
    assert judge_archive(part, str(pictures), str(out), Here(1)).before == COUNT + 2
    assert not lock.exists()


def test_a_run_that_ends_while_another_looks_leaves_the_place(tmp_path, monkeypatch):
    storage = Storage.of(str(tmp_path))
    (tmp_path / "running.json").write_text("{}")
    told = storage_module.Lease._told

    def ended(self):
        (tmp_path / "running.json").unlink(missing_ok=True)
        return told(self)

    monkeypatch.setattr(storage_module.Lease, "_told", ended)
    lease = storage_module.Lease(storage)
    lease.take()
    assert (tmp_path / "running.json").exists()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("p", "no folder", "out"), "There is no folder"),
        (("p", "empty", "out"), "There is no picture in"),
        (("p", "pictures", "pictures/out"), "lies in"),
        (("p", "pictures", "zzz://a/b"), "cannot be used as a storage: Protocol not known: zzz"),
        (("p", "pictures", "out", "--on", "moon"), "--on must be local, ray or ray://"),
        (("p", "pictures", "out", "--expect", "A"), "label"),
        (("p", "other", "whole"), "holds verdicts of another run (pictures:"),
        (("q", "pictures", "whole"), "holds verdicts of another run (part:"),
    ],
)
def test_bad_input_is_one_sentence(given, sentence, part, pictures, whole, tmp_path):
    for name in ("empty", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / "other" / "a.jpg").write_bytes(jpeg(3))
    again = tmp_path / "q.kenpin"
    learn(sorted(pictures.glob("day*/*.jpg"))[:30], RECIPE).save(again)
    places = {"p": part, "q": again, "pictures": pictures, "whole": whole,
              "pictures/out": pictures / "out", "zzz://a/b": "zzz://a/b"}  # fmt: skip
    judged, folder, out, *more = given
    before = {path: path.read_bytes() for path in whole.rglob("*") if path.is_file()}
    done = run("archive", "judge", places[judged], places.get(folder, tmp_path / folder), "--out",
               places.get(out, tmp_path / out), *more)  # fmt: skip
    refused(done, sentence)
    assert {path: path.read_bytes() for path in whole.rglob("*") if path.is_file()} == before
    assert not (pictures / "out").exists()


def test_a_damaged_list_is_one_sentence(part, pictures, whole, tmp_path):
    for name in ("archive.json", "pictures.parquet"):
        out = tmp_path / name
        shutil.copytree(whole, out)
        (out / name).write_bytes(b"{ torn")
        with pytest.raises(ArchiveError, match=f"{name} in .* is damaged"):
            judge_archive(part, str(pictures), str(out), Here(1))


def test_a_name_that_leads_out_is_not_read(part, pictures, whole, tmp_path):
    """Who can write to OUT must not make the program read other files."""
    (tmp_path / "secret.jpg").write_bytes(jpeg(5))
    shutil.copytree(pictures, tmp_path / "pictures")
    out = tmp_path / "out"
    judge_archive(part, str(tmp_path / "pictures"), str(out), Here(1), block=100)
    table = parquet.read_table(out / "pictures.parquet").to_pydict()
    table["picture"][0] = "../secret.jpg"
    import pyarrow as pa  # noqa: PLC0415

    parquet.write_table(pa.table(table), out / "pictures.parquet")
    judge_archive(part, str(tmp_path / "pictures"), str(out), Here(1))
    assert rows(out)[0]["error"] == "archive_name"


def test_an_object_store_gives_the_same_rows(part, pictures, whole, tmp_path, monkeypatch):
    """One that is busy now and then, and never gives one of the pictures."""
    with object_store(monkeypatch) as store:
        client = boto3.client("s3")
        for path in pictures.rglob("*"):
            if path.is_file():
                name = path.relative_to(pictures).as_posix()
                client.upload_file(str(path), BUCKET, f"line1/{name}")
        store.refuse = lambda path, number: path.endswith("005.jpg") and number == 1
        done = run("archive", "judge", part, f"s3://{BUCKET}/line1", "--out", f"s3://{BUCKET}/out",
                   "--block", 10, "--json")  # fmt: skip
        assert done.exit_code == 1, done.output
        told = json.loads(done.output)
        assert (told["pictures"], told["unreadable"]) == (COUNT + 2, 2) and store.refused
        for number in range(5):
            name = f"verdicts/{number:06}.parquet"
            got = client.get_object(Bucket=BUCKET, Key=f"out/{name}")["Body"].read()
            assert got == (whole / name).read_bytes()
        store.refuse = lambda path, number: path.endswith("day0/007.jpg")
        out = tmp_path / "out"
        store.asked.clear()
        judge_archive(part, f"s3://{BUCKET}/line1", str(out), Here(1), block=10)
        assert {how_often for path, how_often in store.asked.items()
                if path.endswith("day0/007.jpg")} == {15}  # fmt: skip
        (lost,) = [row for row in rows(out) if row["picture"] == "day0/007.jpg"]
        assert lost["error"] == "archive_refused" and lost["outcome"] is None
        store.refuse = lambda path, number: False
        told = judge_archive(part, f"s3://{BUCKET}/line1", str(out), Here(1))
        assert told.again == 1  # it may give another time what it refused
        same(out, whole)
        with pytest.raises(ArchiveError, match="There is no folder"):
            judge_archive(part, f"s3://{BUCKET}/nothing", str(tmp_path / "o"), Here(1))
        client.put_object(Bucket=BUCKET, Key="line1/day0/", Body=b"")  # what some tools leave
        listed = list(Storage.of(f"s3://{BUCKET}/line1").pictures())
        assert len(listed) == COUNT + 2
        client.put_object(Bucket=BUCKET, Key="line1/day0//9.jpg", Body=jpeg(9))
        with pytest.raises(ArchiveError, match=r"without a name \(day0//\)"):
            list(Storage.of(f"s3://{BUCKET}/line1").pictures())
