"""What goes into the image beside our own code: licences, NOTICE, the bill of materials."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import packages


@pytest.mark.parametrize(
    ("expression", "fits"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0-or-later", True),
        ("Apache-2.0 AND MIT", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("GPL-3.0-or-later", False),
        ("MIT AND GPL-3.0-or-later", False),
        ("MIT AND (GPL-2.0 OR AGPL-3.0)", False),
        ("LicenseRef-Proprietary", False),
    ],
)
def test_licence_fits_if_every_part_of_it_can_be_met(expression: str, fits: bool) -> None:
    """A choice needs one that fits, a sum each of them."""
    assert packages.allowed(expression, packages.PASSED_ON) is fits


def test_tests_alone_may_use_what_the_image_may_not_hold() -> None:
    """Every pinned package is judged where it is used, and one that ships is not judged as one that does not."""
    shipped, used = packages.pinned()
    assert "pydantic" in shipped
    assert "pytest-kind-ng" in used
    assert not set(shipped) & set(used)
    assert packages.check() == []


def test_bill_names_what_is_installed(tmp_path: Path) -> None:
    """Python packages with licence, Debian packages of the base, the same bytes each time."""
    dpkg = tmp_path / "var/lib/dpkg"
    dpkg.mkdir(parents=True)
    (dpkg / "status").write_text("Package: libc6\nArchitecture: amd64\nVersion: 2.36-9\n\nPackage: half\n\n")
    texts = [
        "@codemirror/view 6.43.15 (MIT)",
        "Copyright (C) 2018 (and later)",
        "preact 11.2.0 (MIT)",
        "MIT License",
    ]
    (tmp_path / "licences.txt").write_text("\n\n".join(texts))
    bill = packages.sbom(Path(sys.prefix) / "lib/python3.11/site-packages", tmp_path, tmp_path)
    by_name = {each["name"].lower(): each for each in bill["components"]}
    assert by_name["orjson"]["version"] == version("orjson")
    assert by_name["orjson"]["licenses"] == [{"expression": "MPL-2.0 AND (Apache-2.0 OR MIT)"}]
    assert by_name["libc6"]["purl"] == "pkg:deb/debian/libc6@2.36-9?arch=amd64"
    assert "half" not in by_name
    assert {name.lower() for name in packages.pinned()[0]} <= {name.replace("_", "-") for name in by_name}
    npm = [each["purl"] for each in bill["components"] if each["purl"].startswith("pkg:npm/")]
    assert npm == ["pkg:npm/%40codemirror/view@6.43.15", "pkg:npm/preact@11.2.0"]
    assert bill == packages.sbom(Path(sys.prefix) / "lib/python3.11/site-packages", tmp_path, tmp_path)
