"""After sign-in one only ever lands on this site."""

import pytest

from app.redirects import safe_next


@pytest.mark.parametrize("target", ["/map", "/map?campaign=1&area=370725108#map=13/36.4/118.8", "/覆盖率", "/a/../b"])
def test_own_addresses_are_kept(target):
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "map",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/\n//evil.example",
        " /map",
        "/a\\..\\b",
    ],
)
def test_other_sites_and_tricks_lead_home(target):
    assert safe_next(target) == "/"
