"""Nothing has grown too long to read, and nothing lies in the tree that is nobody's business."""

from pathlib import Path

import pytest

from testkit.architecture import sizes, tidiness
from testkit.architecture.tree import Tree

ROOT = Path(__file__).parents[2]

LONG = {
    "libs/chassis/tests/test_delivery.py": "each promise of delivery stands beside the others, on the same fixtures",
    "services/ocr/tests/vendors/test_reading.py": "one file per kind of document would repeat the fixtures that render them",
}
"""What may be long, each with its reason."""


def test_no_file_and_no_function_is_too_long_to_be_read_at_once() -> None:
    assert sizes.flaws(Tree(ROOT), LONG) == []


def test_no_secret_and_no_path_of_a_machine_lies_in_the_tree_and_decisions_are_numbered() -> None:
    assert tidiness.flaws(Tree(ROOT)) == []


def test_a_long_file_and_a_long_function_are_found(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("x = 1\n" * 401)
    (tmp_path / "deep.py").write_text("def f() -> None:\n" + "    print()\n" * 61)
    (tmp_path / "router.py").write_text(
        "def router() -> None:\n" + ("    def on() -> None:\n" + "        print()\n" * 20) * 5
    )

    assert sizes.flaws(Tree(tmp_path), {"gone.py": "no reason"}) == [
        "deep.py: f has 62 lines",
        "long.py has 401 lines",
        "gone.py is allowed to be long, but is gone",
    ]


@pytest.mark.parametrize(
    ("place", "text", "flaw"),
    [
        ("deploy/key.pem", "-----BEGIN " + "PRIVATE KEY-----\n" + "M" * 64, "holds a private key"),
        ("settings.py", "KEY = 'sk-" + "proj-" + "a1B2" * 10 + "'", "holds a key of OpenAI"),
        ("notes.md", "see /" + "home/anna/frontdesk", "names a path of a machine"),
        ("docs/adr/notes.md", "", "is not called NNNN-title.md"),
        ("docs/adr/0002-b.md", "# 0002 · B\n", "the numbers are [2]"),
        ("docs/adr/0001-b.md", "# B\n", "does not begin with # 0001 ·"),
        ("docs/adr/0001-a.md", "# 0001 · A\n\n## Context\n", "has the parts ['Context']"),
    ],
)
def test_what_must_not_lie_in_the_tree_is_found(tmp_path: Path, place: str, text: str, flaw: str) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)

    assert any(flaw in sentence for sentence in tidiness.flaws(Tree(tmp_path)))
