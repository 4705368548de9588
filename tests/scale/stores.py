"""Pictures in folders, and an object store on this machine that can be slow or refuse."""

import logging
import threading
from contextlib import contextmanager

import boto3
import cv2
from moto.server import DomainDispatcherApplication, create_backend_app
from s3fs import S3FileSystem
from werkzeug.serving import make_server

from kenpin.drawn.terminals import draw_terminals

BUCKET = "plant"


def jpeg(seed):
    done, content = cv2.imencode(".jpg", draw_terminals(seed).pixels[..., ::-1])
    assert done
    return content.tobytes()


def filled(folder, count):
    """Pictures in sub-folders, one that is cut off, one that is none, and what is no picture."""
    for seed in range(count):
        path = folder / f"day{seed // 10}" / f"{seed:03}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(seed))
    (folder / "cut.jpg").write_bytes(jpeg(0)[:2000])
    (folder / "day1" / "empty.png").write_bytes(b"")
    (folder / "notes.txt").write_text("no picture")
    (folder / ".hidden.jpg").write_bytes(jpeg(1))
    return folder


class Refusing:
    """Before the store: answers 503 to what `refuse` says, by how often it was asked for."""

    def __init__(self, application):
        self.application, self.refuse = application, lambda path, number: False
        self.asked, self.refused = {}, 0

    def __call__(self, environ, start):
        path = environ["PATH_INFO"]
        got = environ["REQUEST_METHOD"] == "GET"
        number = self.asked[path] = self.asked.get(path, 0) + got
        if got and self.refuse(path, number):
            self.refused += 1
            start("503 Slow Down", [("Content-Type", "application/xml")])
            return [b"<Error><Code>SlowDown</Code><Message>wait</Message></Error>"]
        return self.application(environ, start)


@contextmanager
def object_store(monkeypatch):
    """Gives what stands before it; the environment points at it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    before = Refusing(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, before, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    for name, value in {"AWS_ENDPOINT_URL": address, "AWS_ACCESS_KEY_ID": "key",
                        "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1",
                        "AWS_EC2_METADATA_DISABLED": "true"}.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    S3FileSystem.clear_instance_cache()  # of the store of another test
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    try:
        yield before
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
