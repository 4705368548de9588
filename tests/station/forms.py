"""What a form of a page is."""

import re


def secret_of(page):
    """Which every form of ours sends back."""
    return re.search(r'name="form" value="([^"]+)"', page.text)[1]
