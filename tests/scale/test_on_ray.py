"""The same on Ray: the same files, also when a machine goes away in the middle."""

import subprocess
import sys
from importlib import import_module

import pytest
from stores import filled, jpeg

from kenpin.errors import ArchiveError
from kenpin.learning import learn
from kenpin.recipe import Recipe
from kenpin.scale import Here, OnRay, Storage, judge_archive, workers_on
from kenpin.scale.judging import Block, Kind, Order, judge_block

pytestmark = pytest.mark.slow  # a cluster takes seconds to start
COUNT = 120
ON_TWO_NODES = """
import sys, threading, time
from pathlib import Path
from ray.cluster_utils import Cluster
import ray
from kenpin.scale import OnRay, judge_archive

part, pictures, out = sys.argv[1:]
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
other = cluster.add_node(num_cpus=1)
ray.init(address=cluster.address, log_to_driver=False, configure_logging=False)
assert ray.cluster_resources()["CPU"] == 2
killed = []

def kill(done, of):
    if done >= of / 4 and not killed:
        killed.append(done)
        cluster.remove_node(other, allow_graceful=False)

told = judge_archive(part, pictures, out, OnRay(ray), block=10, progress=kill)
assert killed and killed[0] < told.pictures, killed
assert told.done == told.pictures, told
ray.shutdown()
cluster.shutdown()
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The part, the pictures, and the verdicts of a run on this computer's cores."""
    folder = tmp_path_factory.mktemp("archive")
    good = folder / "good"
    good.mkdir()
    for seed in range(200, 230):
        (good / f"{seed}.jpg").write_bytes(jpeg(seed))
    learn(good, Recipe(model="pca", false_reject=0.1)).save(folder / "p.kenpin")
    pictures = filled(folder / "pictures", COUNT)
    judge_archive(folder / "p.kenpin", str(pictures), str(folder / "out"), Here(1), block=10)
    return folder / "p.kenpin", pictures, files(folder / "out")


def files(out):
    return {path.name: path.read_bytes() for path in (out / "verdicts").iterdir()}


def test_ray_gives_the_same_files_to_the_byte(made, tmp_path):
    part, pictures, expected = made
    with workers_on("ray", 2) as workers:
        assert isinstance(workers, OnRay)
        told = judge_archive(part, str(pictures), str(tmp_path / "out"), workers, block=10)
        assert told.done == told.pictures == COUNT + 2
        assert files(tmp_path / "out") == expected
        own = workers.map(lambda _, item: import_module("kenpin.system").cores(), None, [1, 2])
        assert list(own) == [1, 1]  # that Ray has given it
        # What a worker refuses is said here, in its own words.
        places = Storage.of(str(pictures)), Storage.of(str(tmp_path / "other"))
        order = Order(part.read_bytes(), "", Kind("0.0.1", "x"), *places, None)
        with pytest.raises(ArchiveError, match="this is 0"):
            list(workers.map(judge_block, order, [Block(0, (("day0/000.jpg", 9),))]))
        with pytest.raises(ArchiveError, match="A worker could not begin"):
            list(workers.map(unknown_to_workers, None, [1]))


def unknown_to_workers(_, item):
    """They have no such file."""
    return item


def test_a_machine_that_goes_away_loses_no_picture(made, tmp_path):
    part, pictures, expected = made
    script = tmp_path / "on_two_nodes.py"
    script.write_text(ON_TWO_NODES)
    command = [sys.executable, script, part, pictures, tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert files(tmp_path / "out") == expected
