"""Files are written whole, and never in place of another one."""

import os
import stat
import threading

import pytest

from kenpin.errors import OutputError
from kenpin.system.files import check_free, keep_old, scratch_folder, write_atomically


def test_nothing_is_replaced_unless_it_is_asked_for(tmp_path):
    path = tmp_path / "a.kenpin"
    check_free(path, force=False)
    path.write_bytes(b"old")
    with pytest.raises(OutputError, match="is there already; name another place, or replace it"):
        check_free(path, force=False)
    check_free(path, force=True)


def test_what_was_there_is_kept_under_the_first_free_name(tmp_path):
    path = tmp_path / "a.csv"
    assert keep_old(path) is None
    for number, name in enumerate(("a.csv.bak", "a.csv.bak2", "a.csv.bak3")):
        path.write_text(str(number))
        assert keep_old(path) == tmp_path / name
        assert (tmp_path / name).read_text() == str(number)
        assert path.read_text() == str(number)  # whoever opens it meanwhile finds it
    folder, link = tmp_path / "folder", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    assert keep_old(link) == tmp_path / "folder.bak" and not folder.exists()


def test_the_mask_of_the_process_is_not_touched(tmp_path, monkeypatch):
    """Another thread may be making a file at that moment."""
    monkeypatch.setattr(os, "umask", lambda _: pytest.fail("it was set"))
    write_atomically(tmp_path / "a", b"1")
    (tmp_path / "plain").write_bytes(b"1")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "plain")]
    assert modes[0] == modes[1]


def test_many_threads_write_one_file_whole(tmp_path):
    contents = [bytes([number]) * 10_000 for number in range(8)]
    threads = [
        threading.Thread(target=write_atomically, args=(tmp_path / "a", one)) for one in contents
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "a").read_bytes() in contents
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_without_a_place_for_scratch_there_is_none(monkeypatch):
    monkeypatch.setattr("tempfile._get_default_tempdir", refuse)
    monkeypatch.setattr("tempfile.tempdir", None)
    with scratch_folder() as folder:
        assert folder is None


def refuse(*_):
    raise FileNotFoundError("no usable directory")
