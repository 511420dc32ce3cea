"""The direction of imports: the contracts in pyproject.toml hold, and break where they are violated."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import PACKAGES, ROOT, files, graph, imported, modules, two_way

LINT = Path(sys.executable).with_name("lint-imports")


def lint(folder):
    """What import-linter says of the tree in `folder`, with its rules taken from there too."""
    done = subprocess.run([LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.fixture
def plant(copied):
    """Append a line to a module of the copy; taken back afterwards."""
    kept = {}

    def append(module, line):
        path = copied / module
        kept[path] = path.read_text("utf-8")
        path.write_text(f"{kept[path]}\n{line}\n", "utf-8")
        return copied

    yield append
    for path, text in kept.items():
        path.write_text(text, "utf-8")


def test_the_contracts_hold(copied):
    code, said = lint(copied)
    assert code == 0, said
    assert "0 broken" in said


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("node/services/peers.py", "from node.store.store import Store", "services see adapters through ports only"),
        ("node/services/peers.py", "def lazily():\n    from node.net.host import Host", "services see adapters through ports only"),
        ("node/services/peers.py", "from node.api.routes import Route", "faces, services, adapters, protocol"),
        ("node/fetch/client.py", "from node.files import picture", "faces, services, adapters, protocol"),
        ("node/store/peers.py", "from node.vault.keys import Keys", "faces, services, adapters, protocol"),
        ("node/model/peers.py", "from node.store.peers import Peers", "faces, services, adapters, protocol"),
        ("node/web/page.py", "from node.api.routes import Route", "faces, services, adapters, protocol"),
        ("protocol/money.py", "from node.errors import NodeError", "protocol is pure"),
        ("protocol/money.py", "import time", "the protocol touches nothing of the world"),
        ("node/services/peers.py", "import trio", "only node.net knows libp2p and its event loop"),
        ("node/app/opened.py", "import libp2p", "only node.net knows libp2p and its event loop"),
        ("node/errors.py", "from node.services.unit import Unit", "the ground knows nobody above it"),
    ],
)
def test_a_planted_violation_breaks_its_contract(plant, module, line, contract):
    code, said = lint(plant(module, line))
    assert code == 1, said
    assert f"{contract} BROKEN" in said


def test_no_two_modules_import_each_other():
    assert two_way(graph()) == []


def test_control_a_two_way_pair_is_found(tmp_path):
    package = tmp_path / "node"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text("def later():\n    from .two import x\n")
    (package / "two.py").write_text("from node import one\n")
    assert two_way(graph(tmp_path)) == [("node.one", "node.two")]


def bare(root):
    """Places that import one of the two generic names as a whole."""
    return [str(path.relative_to(root)) for path in files(".py", root=root) if set(PACKAGES) & _whole(path)]


def _whole(path):
    found = [item.names for item in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(item, ast.Import)]
    return {alias.name.split(".")[0] for names in found for alias in names}


def test_the_generic_names_are_only_imported_from():
    assert bare(ROOT) == []


def test_control_a_bare_import_is_found(tmp_path):
    (tmp_path / "odd.py").write_text("import node.errors\n")
    assert bare(tmp_path) == ["odd.py"]


def test_the_protocol_imports_itself_relatively():
    absolute = [
        name
        for name, path in modules().items()
        if name.startswith("protocol")
        for item in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(item, ast.ImportFrom) and not item.level and (item.module or "").split(".")[0] == "protocol"
    ]
    assert absolute == []


def test_nobody_outside_the_network_names_its_event_loop():
    outside = {name: imported(name, path) for name, path in modules().items() if not name.startswith("node.net")}
    assert [name for name, found in outside.items() if any(item.split(".")[0] in {"trio", "libp2p"} for item in found)] == []


def test_the_command_line_of_a_running_node_imports_nothing_heavy():
    """A call to a running node answers at once: it loads neither the network's nor the chain's nor the page's libraries."""
    code = "import sys, node.cli.root; print(sorted({'libp2p', 'web3', 'aiohttp', 'trio', 'eth', 'sqlcipher3'} & set(sys.modules)))"
    code = code.replace("import sys, node.cli.root", "import sys; from node.cli import root")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
