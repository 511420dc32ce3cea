"""Vectors of pictures: which are named, and pieces that make one or don't."""

from dataclasses import replace
from typing import Any

from make_catalog import SERUM
from parts import Made, bad, good, named

from protocol.codec import to_bytes, to_tree
from protocol.encoding import encode
from protocol.media import MOST_BYTES, Media, MediaForm, MediaRequest, media_hash
from protocol.product import Image, product_id

CONTENT = b"RIFF" + bytes(range(96))
HASH = media_hash(CONTENT)
SMALL = named("thumbnail")
PICTURED = replace(SERUM, images=(Image(hash=HASH, thumbnail=SMALL),))
ASKED = MediaRequest(product_id(to_bytes(PICTURED)), HASH, MediaForm.FULL, 0)


def media() -> list[Made]:
    def pieces(comment: str, *given: Media | bytes, expect: str = "ok", form: str = "full") -> Made:
        raws = [item if isinstance(item, bytes) else to_bytes(item) for item in given]
        values: dict[str, Any] = {"hash": HASH, "form": form, "pieces": raws}
        return good("media", comment, **values) if expect == "ok" else bad(expect, "media", comment, **values)

    def asked(comment: str, **changes: Any) -> Made:
        return good("named-media", comment, request=to_bytes(replace(ASKED, **changes)), product=to_bytes(PICTURED))

    first, second = Media(100, CONTENT[:60]), Media(100, CONTENT[60:])
    most = MOST_BYTES[MediaForm.THUMBNAIL]
    unknown = {**to_tree(ASKED), 7: 1}
    return [
        pieces("a picture in one piece", Media(100, CONTENT)),
        pieces("in two", first, second),
        pieces("a small one", Media(100, CONTENT), form="thumbnail"),
        pieces("other bytes of the same length", Media(100, CONTENT[::-1]), expect="wrong-media"),
        pieces("cut short", first, expect="wrong-media"),
        pieces("the pieces in the other order", second, first, expect="wrong-media"),
        pieces("more bytes than it says", Media(99, CONTENT), expect="bad-media"),
        pieces("more than is due in the second piece", first, Media(100, CONTENT[59:]), expect="bad-media"),
        pieces("an empty piece", Media(100, b""), expect="bad-media"),
        pieces("another size in the second piece", first, Media(101, CONTENT[60:]), expect="bad-media"),
        pieces("larger than a thumbnail may be", Media(most + 1, CONTENT), expect="too-large", form="thumbnail"),
        pieces("as large as a thumbnail may be, but not all there", Media(most, CONTENT), expect="wrong-media", form="thumbnail"),
        pieces("larger than any picture may be", encode({0: MOST_BYTES[MediaForm.FULL] + 1, 2: CONTENT}), expect="malformed"),
        pieces("no size", encode({2: CONTENT}), expect="missing-key"),
        asked("the picture that the product names"),
        asked("its thumbnail", hash=SMALL, form=MediaForm.THUMBNAIL),
        asked("the thumbnail is not the whole picture", hash=SMALL),
        asked("a picture that it doesn't name", hash=named("another")),
        good("record", "a request with an odd key unknown here", type="MediaRequest", bytes=encode(unknown)),
        bad("malformed", "record", "an unknown form", type="MediaRequest", bytes=encode({**to_tree(ASKED), 4: "huge"})),
        bad("malformed", "record", "an offset no picture has", type="MediaRequest", bytes=encode({**to_tree(ASKED), 6: 4_194_305})),
    ]
