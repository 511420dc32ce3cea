"""Which of our devices did something, by its name. It decides nothing."""

from protocol.envelope import peek_type, verify
from protocol.identity import TYPES, DeviceAdded

from .peers import PeersUnit


class Who:
    """The names of our devices, also of those that were revoked."""

    def __init__(self, unit: PeersUnit) -> None:
        self._names: dict[bytes, str] = {}
        self._by_number: dict[int, str] = {}
        known = unit.peers.own()
        for raw in unit.peers.presentation().entries:
            if peek_type(raw) == TYPES[DeviceAdded]:
                certificate = verify(raw, TYPES[DeviceAdded]).read(DeviceAdded).certificate
                self._names[certificate.device_public] = certificate.name
                self._by_number[known.number_of(certificate.device_public)] = certificate.name

    def name(self, device: bytes | None, number: int = 0) -> str:
        """A device's name by its key, else by its number; "" where neither is known."""
        return self._names.get(device or b"") or self._by_number.get(number, "")
