"""What a store's file really holds: every page decrypted, free space and deleted cells included."""

import asyncio

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

PAGE, RESERVE, IV = 4096, 80, 16  # SQLCipher 4: at the end of each page the IV and an HMAC-SHA512


def in_clear(node):
    """The plaintext of every page of the node's store, its write-ahead log folded in."""
    asyncio.run(node.store.fold())
    wal = node.path.with_name(node.path.name + "-wal")
    assert not wal.exists() or wal.stat().st_size == 0
    raw = node.path.read_bytes()
    clear = bytearray()
    for at in range(0, len(raw), PAGE):
        page = raw[at : at + PAGE]
        start = 16 if at == 0 else 0  # the salt stands before the first page's content
        iv = page[PAGE - RESERVE : PAGE - RESERVE + IV]
        opened = Cipher(algorithms.AES(bytes(node.keys.store_key)), modes.CBC(iv)).decryptor()
        clear += opened.update(page[start : PAGE - RESERVE])
    return bytes(clear)


def left(node, needles):
    """The needles that a page holds or a query of any table finds."""
    clear = in_clear(node)

    def rows(unit):
        names = [row[0] for row in unit.db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return b"\n".join(
            value if isinstance(value, bytes) else str(value).encode()
            for name in names
            for row in unit.db.execute(f'SELECT * FROM "{name}"')
            for value in row
        )

    both = clear + node.read(rows)
    return [needle for needle in needles if needle.encode() in both]
