"""Files of another kind than was asked for, by their first bytes: a person who took the wrong one is told what it is."""

from node.errors import UserError

_ZIPPED = (
    (b"xl/", "an Excel workbook", "Open it and save it as “CSV UTF-8”, then import that file."),
    (b"word/", "a Word document", ""),
    (b"mimetypeapplication/vnd.oasis", "an OpenDocument file", "Open it and save the sheet as CSV in UTF-8, then import that file."),
)
_UNPACK = "Unpack it and import the file in it."
_EXPORT = ""  # what else can be done depends on what was asked for
_CONTACTS = "Export the contacts as vCard or CSV and import that file."
_PRODUCTS = "Export the products in the shop, as CSV or as a product feed, and import that file."
_KINDS = (
    (b"PK\x03\x04", "a zip archive", _UNPACK), (b"PK\x05\x06", "an empty zip archive", _EXPORT), (b"\x1f\x8b", "a gzip archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK), (b"Rar!", "a rar archive", _UNPACK), (b"%PDF", "a PDF", _EXPORT),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file", "Open it and save it as “CSV UTF-8”, then import that file."),
    (b"SQLite format 3\0", "a database", _EXPORT), (b"\x89PNG", "a picture", _EXPORT), (b"\xff\xd8\xff", "a picture", _EXPORT),
    (b"!BDN", "an Outlook data file (.pst)", _EXPORT),
    (b"BEGIN:VCALENDAR", "a calendar", _EXPORT), (b"{", "JSON", _EXPORT),
    (b"[", "JSON", _EXPORT), (b"<", "a web page or XML", _EXPORT),
)  # fmt: skip


def refuse_other_kinds(head: bytes, name: str) -> None:
    """Raise UserError `file-kind` where `head` begins a file that holds no contacts."""
    _refuse(head, name, "contacts", _CONTACTS)


def refuse_no_products(head: bytes, name: str) -> None:
    """Raise UserError `file-kind` where `head` begins a file that holds no products: text that may be JSON or XML goes on."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start[:11].upper() == b"BEGIN:VCARD":
        raise UserError(f"“{name}” holds contacts (vCard), not products. Import it under Customers.", code="file-kind")
    if not start.startswith((b"{", b"[", b"<")):
        _refuse(head, name, "products", _PRODUCTS)


def _refuse(head: bytes, name: str, wanted: str, otherwise: str) -> None:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    found = next(((what, instead) for sign, what, instead in _KINDS if start.startswith(sign)), None)
    if found is None or (found[0] == "JSON" and not _is_json(start)):
        return
    what, instead = found
    if what == "a zip archive":
        what, instead = next(((kind, do) for sign, kind, do in _ZIPPED if sign in head), found)
    raise UserError(f"“{name}” is {what}, not {wanted}. {instead or otherwise}", code="file-kind")


def _is_json(start: bytes) -> bool:
    """A title may begin with a bracket too; JSON goes on with a quotation mark, a bracket, a number or its end."""
    rest = start[1:].lstrip()
    return rest[:1] in {b'"', b"{", b"[", b"]", b"}", b""} or rest[:1].isdigit()
