"""Builds the wheel of a small package with parts of its own, and installs it."""

from __future__ import annotations

import subprocess
import sys
import venv
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

NAME = "its_small_plugin"
VERSION = "1.2"


def build_wheel(folder: Path, files: Mapping[str, str], entry_points: str) -> Path:
    """A wheel of these modules, made by hand as the format says (PEP 427)."""
    info = f"{NAME}-{VERSION}.dist-info"
    contents = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{info}/entry_points.txt": entry_points,
    }
    record = "".join(
        f"{name},{_digest(text)},{len(text.encode())}\n" for name, text in contents.items()
    )
    path = folder / f"{NAME}-{VERSION}-py3-none-any.whl"
    with ZipFile(path, "w") as wheel:
        for name, text in contents.items():
            wheel.writestr(name, text)
        wheel.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


def _digest(text: str) -> str:
    digest = urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=")
    return f"sha256={digest.decode()}"


def fresh_environment(folder: Path, wheel: Path) -> Path:
    """A fresh environment with the wheel in it, on top of the packages that run this test;
    returns its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    (site,) = (folder / "lib").glob("python*/site-packages")
    (site / "below.pth").write_text("".join(f"{path}\n" for path in sys.path if path))
    install: list[str | Path] = [
        python,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-index",
        "--no-deps",
        wheel,
    ]
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    return python
