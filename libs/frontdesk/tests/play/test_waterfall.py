"""A story in a terminal: bars under their causes, waits before them, and the reason in a sentence."""

from frontdesk.play.waterfall import Bar, Told, drawn


def bar(
    service: str, offset: float, seconds: float, *, depth: int = 0, waited: float = 0.0, **more: object
) -> Bar:
    plain = {"moved": 0.0, "clipped": False, "critical": True, "failed": False, "error": ""}
    return Bar.model_validate(
        {
            "service": service,
            "name": f"{service}.x",
            "offset": offset,
            "seconds": seconds,
            "depth": depth,
            "waited": waited,
        }
        | plain
        | more
    )


def test_a_wait_stands_before_its_bar_and_what_is_odd_is_said() -> None:
    told = Told(
        story_id="s", tenant_id="acme", sentence={"de": "31 s gewartet.", "en": "waited 31 s."},
        waterfall=[
            bar("gateway", 0, 1),
            bar("ocr", 31, 1, depth=1, waited=30, failed=True, error="VendorUnavailable", moved=2.0),
            bar("reporting", 32, 8, depth=1, critical=False),
        ],
    )  # fmt: skip

    lines = drawn(told, "de")

    assert lines[:2] == ["acme: s", "31 s gewartet."]
    assert lines[4].startswith("* " + " " + "·" * 30 + "█" + " ")
    assert lines[4].endswith(
        "  ocr x  (waited 30.00 s; failed: VendorUnavailable; moved by 2.00 s: clocks differ)"
    )
    assert lines[5].startswith("  ")
