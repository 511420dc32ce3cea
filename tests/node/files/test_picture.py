"""Pictures: what is taken, what is refused, and what of it may be shown."""

import io
import random
import struct
import tracemalloc
import zlib

import pytest
from PIL import Image

from node.errors import UserError
from node.files.picture import LONGEST_SIDE, read_picture
from node.model.photo import MOST_BYTES, media_type

CAMERA = b"Canary Camera 3000"


def picture(kind="JPEG", size=(1200, 600), *, turned=0, mode="RGB"):
    image = Image.new(mode, size, (200, 30, 60, 128)[: len(mode)])
    image.paste((0, 0, 255, 255)[: len(mode)], (0, 0, size[0] // 4, size[1]))  # the left end is blue
    exif = Image.Exif()
    exif[0x010F] = CAMERA.decode()
    if turned:
        exif[0x0112] = turned
    made = io.BytesIO()
    image.save(made, kind, exif=exif) if kind in ("JPEG", "PNG", "WEBP") else image.save(made, kind)
    return made.getvalue()


def shown(content):
    return Image.open(io.BytesIO(read_picture(io.BytesIO(content)).shown))


def code_of(content):
    with pytest.raises(UserError) as caught:
        read_picture(io.BytesIO(content))
    return caught.value.code


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_picture_is_shown_small_and_kept_as_it_came(kind):
    content = picture(kind)
    photo = read_picture(io.BytesIO(content))
    small = Image.open(io.BytesIO(photo.shown))
    assert photo.original == content
    assert (small.format, small.size) == ("WEBP", (LONGEST_SIDE, LONGEST_SIDE // 2))
    assert media_type(photo.shown) == "image/webp"


def test_what_a_camera_wrote_is_not_shown():
    content = picture()
    assert CAMERA in content  # the control: it was there
    small = shown(content)
    assert CAMERA not in read_picture(io.BytesIO(content)).shown
    assert (dict(small.getexif()), small.info.get("icc_profile")) == ({}, None)


def test_a_picture_taken_sideways_is_upright():
    small = shown(picture(turned=6)).convert("RGB")  # a quarter turn: the left end comes to the top
    assert small.size == (LONGEST_SIDE // 2, LONGEST_SIDE)
    assert small.getpixel((128, 10))[2] > 200
    assert small.getpixel((128, 500))[0] > 150


def test_what_can_be_seen_through_stays_so():
    assert shown(picture("PNG", mode="RGBA")).mode == "RGBA"
    assert shown(picture("PNG", (8, 8))).size == (8, 8)  # a small one is not blown up


@pytest.mark.parametrize("content", [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", picture()[:40], b"GIF89a"])
def test_what_is_no_picture_is_refused(content):
    assert code_of(content) == "not-a-picture"


def test_a_file_too_large_is_refused_before_it_is_read_whole():
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            return b"\0" * size

    source = Endless()
    with pytest.raises(UserError) as caught:
        read_picture(source)
    assert caught.value.code == "photo-too-large"
    assert source.given <= MOST_BYTES + (1 << 17)


@pytest.mark.parametrize("side", [20_000, 100_000])
def test_a_bomb_is_refused_by_its_head(side):
    """A few kilobytes that would unfold to gigabytes."""

    def chunk(name, content):
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 10_000_000)) + chunk(b"IEND", b"")
    tracemalloc.start()
    try:
        assert code_of(bomb) == "photo-too-large"
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def outcome(content):
    try:
        read_picture(io.BytesIO(content))
    except UserError as error:
        return error.code
    return ""


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_broken_bytes_have_a_name(kind):
    """Flipped bytes and cut ends: a picture or `not-a-picture`, never another error."""
    good, chance = picture(kind, (64, 48)), random.Random(kind)
    seen = set()
    for _ in range(300):
        broken = bytearray(good)
        for _ in range(chance.randint(1, 8)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        seen.add(outcome(bytes(broken[: chance.randint(len(broken) // 2, len(broken))])))
    assert seen <= {"", "not-a-picture", "photo-too-large"}
    assert "not-a-picture" in seen or kind == "BMP"
