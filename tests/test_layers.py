"""The drawing of the rooms is a test: what pyproject.toml declares under [tool.importlinter] holds."""

from pathlib import Path

from importlinter.application.use_cases import read_user_options
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[1]


def test_the_layers_hold() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == EXIT_STATUS_SUCCESS


def test_there_are_contracts_to_hold() -> None:
    contracts = read_user_options(config_filename=str(ROOT / "pyproject.toml")).contracts_options
    assert {contract["id"] for contract in contracts} >= {"layers", "pure"}


def test_no_module_is_over_400_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "src").rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert not long
