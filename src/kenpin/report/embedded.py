"""Pictures inside a page, so that it is one file."""

import base64


def embed(content: bytes, kind: str) -> str:
    """The bytes of a picture as what an HTML page shows; kind: "png" or "jpeg"."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
