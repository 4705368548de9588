"""Prints how large an installation is, and fails when it is larger than it may be.

    python scripts/size.py VENV MOST_MB

All files that installing kenpin brought, compiled ones included; pip and setuptools are Python's.
"""

import sys
from pathlib import Path

NOT_OURS = ("pip", "setuptools", "pkg_resources", "_distutils_hack", "wheel")


def main() -> None:
    venv, most = Path(sys.argv[1]), float(sys.argv[2])
    (packages,) = (p for p in venv.rglob("site-packages") if p.is_dir())
    sizes = {
        entry.name: sum(f.stat().st_size for f in (entry, *entry.rglob("*")) if f.is_file()) / 1e6
        for entry in packages.iterdir()
        if not entry.name.startswith(NOT_OURS)
    }
    largest = sorted(sizes, key=lambda name: -sizes[name])[:8]
    print(f"core install: {sum(sizes.values()):.0f} MB of at most {most:.0f};",
          ", ".join(f"{name} {sizes[name]:.0f}" for name in largest))  # fmt: skip
    sys.exit(sum(sizes.values()) > most)


if __name__ == "__main__":
    main()
