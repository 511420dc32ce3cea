"""The target in memory does what the port says, so that the engine's tests rest on something."""

import pytest

from node.errors import IntegrityError, NotFound, Unavailable
from node.services.backup_target import Stored, Target
from tests.node.services.memory_target import MemoryTarget


def test_an_object_is_kept_whole_and_found_by_its_prefix():
    target: Target = MemoryTarget()
    target.put("b/two", b"22")
    target.put("a/one", b"1")
    target.put("a/three", b"333")
    assert target.entries("a/") == [Stored("a/one", 1), Stored("a/three", 3)]
    assert target.get("a/three", 3) == b"333"
    with pytest.raises(IntegrityError, match="larger"):
        target.get("a/three", 2)


def test_an_object_stays_unless_it_is_replaced_or_deleted():
    target = MemoryTarget(versioned=True)
    target.put("a/one", b"1")
    target.put("a/one", b"2")
    assert target.get("a/one", 9) == b"1"
    target.put("a/one", b"3", replace=True)
    assert target.get("a/one", 9) == b"3"
    target.delete("a/one")
    target.delete("a/one")
    assert target.old == [("a/one", b"1"), ("a/one", b"3")]
    with pytest.raises(NotFound):
        target.get("a/one", 9)


def test_a_full_or_vanished_target_keeps_nothing_of_what_it_refused():
    target = MemoryTarget()
    target.room = 3
    target.put("a/one", b"11")
    with pytest.raises(Unavailable) as full:
        target.put("a/two", b"22")
    assert full.value.code == "target-full"
    target.calls = 1
    assert [found.name for found in target.entries("a/")] == ["a/one"]
    with pytest.raises(Unavailable) as gone:
        target.get("a/one", 9)
    assert gone.value.code == "target-gone"
