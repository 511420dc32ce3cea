import base64

import pytest

from node import canary

NAME = "Anaïs Müller-Söderström"
PHONE = "+49 (171) 555-01234"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "latin-1"])
@pytest.mark.parametrize("shift", range(3))
def test_each_form_is_found(encoding, shift):
    raw = NAME.encode(encoding)
    before = b"#" * shift
    forms = [
        raw,
        raw.hex().encode(),
        raw.hex().upper().encode(),
        base64.b64encode(before + raw + b"??"),
        base64.urlsafe_b64encode(before + raw + b"??"),
        NAME.lower().encode(encoding),
    ]
    for form in forms:
        assert canary.scan("x", b"\x01\x02\x03" + form + b"\xff", [NAME]), form


def test_a_phone_number_is_found_by_its_digits():
    assert [hit.needle for hit in canary.scan("x", b"tel=4917155501234;", [PHONE])] == ["4917155501234"]


def test_clean_bytes_have_no_hits():
    assert canary.scan("x", bytes(range(256)) * 100, [NAME, PHONE]) == []


def test_short_values_are_no_needles():
    assert canary.needles(["Ana", "12345", " 1234567 ", "12 34 56 78"]) == ["12 34 56 78", "12345678"]
    assert canary.needles(["Order 12345678"]) == ["Order 12345678"]


def test_files_are_read_in_pieces_and_folders_walked(tmp_path, monkeypatch):
    monkeypatch.setattr(canary, "_PIECE", 64)
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    for offset in range(50, 70):
        (folder / f"{offset}.bin").write_bytes(b"." * offset + NAME.encode() + b"." * 90)
    (folder / "clean.bin").write_bytes(b"." * 500)
    (tmp_path / "link").symlink_to(folder)
    hits = [hit for hit in canary.scan_files([tmp_path], [NAME]) if hit.form == "utf-8"]
    assert sorted((hit.where.rsplit("/", 1)[1], hit.offset) for hit in hits) == [(f"{n}.bin", n) for n in range(50, 70)]
