import pytest

from node.errors import IntegrityError, UserError
from node.vault import kdf
from node.vault.kdf import FLOOR, Profile, calibrate


def machine(floor_seconds):
    """A machine that spends `floor_seconds` at the floor and is linear in work."""
    work = FLOOR.memory_kib * FLOOR.passes
    return lambda costs: floor_seconds * costs.memory_kib * costs.passes / work


@pytest.mark.parametrize("floor_seconds", [0.01, 0.05, 0.1, 0.2, 0.3])
def test_calibrated_costs_take_half_a_second_to_one(floor_seconds):
    costs = calibrate(machine(floor_seconds))
    assert 0.5 <= machine(floor_seconds)(costs) <= 1.0
    assert costs.memory_kib >= FLOOR.memory_kib
    assert costs.passes >= FLOOR.passes


@pytest.mark.parametrize("floor_seconds", [0.9, 5.0])
def test_a_slow_machine_stays_on_the_floor(floor_seconds):
    assert calibrate(machine(floor_seconds)) == FLOOR


def test_the_floor_is_what_was_decided():
    assert (FLOOR.memory_kib, FLOOR.passes) == (64 * 1024, 3)


def test_passphrases_are_the_same_however_accents_are_typed():
    costs = Profile(64, 1, 1)
    assert kdf.derive("Zoë passphrase", bytes(16), costs) == kdf.derive("Zoe\u0308 passphrase", bytes(16), costs)
    assert kdf.derive("a", bytes(16), costs) != kdf.derive("b", bytes(16), costs)


def test_a_real_derivation_at_the_floor():
    assert len(kdf.derive("passphrase", bytes(16), FLOOR)) == 32


@pytest.mark.parametrize("costs", [(1 << 30, 3, 4), (65536, 0, 4), (65536, 1000, 4), (65536, 3, 0), (8, 3, 4), (4096, 3, 99)])
def test_impossible_costs_are_refused(costs):
    with pytest.raises(IntegrityError):
        Profile(*costs).check()


def test_short_and_huge_passphrases_are_refused():
    with pytest.raises(UserError) as caught:
        kdf.check_new("  1234567   ")
    assert caught.value.code == "passphrase-too-short"
    with pytest.raises(UserError) as caught:
        kdf.derive("x" * 2000, bytes(16), Profile(64, 1, 1))
    assert caught.value.code == "passphrase-too-long"
