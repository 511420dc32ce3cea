"""A second device of an identity, on its own copy of the store: what a restore, a move or a thief of a backup leaves in the world."""

import os
import shutil

from nacl.bindings import crypto_scalarmult_base

from node.vault.keys import Keys, Profile, Secrets
from protocol.identity import DeviceAdded, DeviceCertificate, DeviceRevoked, replay, sign_entry

from .world import Node


def copied(node, name):
    """The encrypted store as it is now, in a file of its own."""
    node.store.close()
    path = node.path.with_name(f"{name}.db")
    shutil.copy(node.path, path)
    node.reopen()
    return path


def new_device(node):
    """Keys of another device of the same identity: its own device keys, everything else the same."""
    old = node.keys._secrets
    same = {name: bytearray(getattr(old, name)) for name in ("pseudonyms", "store", "wallet")}
    fresh = {name: bytearray(os.urandom(32)) for name in ("device", "agreement")}
    secrets = Secrets(**same, **fresh, generations=[bytearray(seed) for seed in old.generations])
    profile = Profile(node.identity, node.keys.role, node.keys.name, node.keys.currency, node.keys.payout_index)
    return Keys(profile, secrets)


def certified(node, keys, name):
    """The entry that adds the device, signed by the root."""
    certificate = DeviceCertificate(node.identity, keys.device.public, crypto_scalarmult_base(os.urandom(32)), name, node.clock.now)
    return DeviceAdded(certificate)


def sign_root(node, entry, *, on=None):
    """Append an entry to the root log of `on` (a node of the identity; `node` itself if not said)."""
    target = on or node

    def append(unit):
        shown = unit.peers.presentation()
        state = replay(shown.inception, shown.entries)
        unit.peers.append(sign_entry(state, node.root, entry, created=node.clock.now).raw)

    target.write(append)


def restored(world, node, path, name="new"):
    """A node on the copy at `path`, under a new device key that the root certified."""
    keys = new_device(node)
    made = Node(node.name, keys, path, node.clock, node.root)
    sign_root(node, certified(node, keys, name), on=made)
    world.nodes[made.peer] = made
    return made


def revoke(node, device, *, on):
    """The root revokes the device with this public key, at the node `on`."""
    sign_root(node, DeviceRevoked(device, "lost"), on=on)
