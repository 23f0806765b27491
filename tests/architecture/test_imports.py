import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tracker

PACKAGE = Path(tracker.__file__).parent
ROOT = PACKAGE.parent
INITS = sorted(PACKAGE.rglob("__init__.py"))
DUNDERS = {"__all__", "__version__"}


def _name(path: Path) -> str:
    return path.parent.relative_to(ROOT).as_posix()


def _assigned(statement: ast.stmt) -> set[str]:
    if not isinstance(statement, ast.Assign):
        return set()
    return {target.id for target in statement.targets if isinstance(target, ast.Name)}


@pytest.mark.parametrize("path", INITS, ids=_name)
def test_a_package_says_what_it_is_for_and_otherwise_only_re_exports(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    for statement in tree.body[1:]:
        named = _assigned(statement)
        is_import = isinstance(statement, ast.Import | ast.ImportFrom)
        assert is_import or (named and named <= DUNDERS), ast.unparse(statement)


@pytest.mark.parametrize("path", INITS, ids=_name)
def test_what_a_package_exports_is_listed_and_sorted(path: Path) -> None:
    tree = ast.parse(path.read_text())
    exported = {
        alias.asname or alias.name
        for statement in tree.body
        if isinstance(statement, ast.Import | ast.ImportFrom)
        for alias in statement.names
    }
    exported |= {name for s in tree.body for name in _assigned(s) if name != "__all__"}
    listed: list[str] = next(
        (
            ast.literal_eval(s.value)
            for s in tree.body
            if isinstance(s, ast.Assign) and "__all__" in _assigned(s)
        ),
        [],
    )
    # As ruff sorts them: constants, classes, functions.
    assert listed == sorted(exported, key=lambda n: (not n.isupper(), not n[:1].isupper(), n))


def test_importing_reads_no_setting_and_opens_nothing() -> None:
    script = Path(__file__).with_name("watch_imports.py")
    done = subprocess.run(
        [sys.executable, "-W", "error", script],
        env={},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


_ASKS_WHICH_DATABASE = re.compile(r"dialect\.name|get_backend_name|is_sqlite|is_postgres")


def test_only_the_dialect_asks_which_database_it_is() -> None:
    asking = {
        str(file.relative_to(ROOT))
        for file in (ROOT / "tracker").rglob("*.py")
        if _ASKS_WHICH_DATABASE.search(file.read_text())
    }
    assert asking == {"tracker/store/driver/dialect.py"}
