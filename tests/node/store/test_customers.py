import pytest

from node.model.customer import Customer, ImportRow, destination, merged, same_person
from node.model.person import Address, Consent, Contact, Labelled, Names, Phone
from node.model.territory import alpha2
from node.store.store import Store
from node.store.unit import Unit
from protocol.disclosure import Field

HOME = Address("home", ("Calle de la Paz 12", "2º B"), "Valencia", "Valencia", "46003", "España")
MIA = Contact(
    1,
    Names("Mía Torres", "Mía", "Torres"),
    (Phone("mobile", "600 000 111", "+34600000111"),),
    (Labelled("home", "Mia@example.com"),),
    (HOME,),
    tags=("serum",),
)
JO = Contact(2, Names("Jo Nilsson"), (Phone("", "ask", None),))
BLOCK = Contact(3, Names("Ada Byron"), addresses=(Address("", ("12 St James's Square\nLondon SW1Y 4JH\nUnited Kingdom",)),))


def _row(number: int, person: Contact) -> Customer:
    return Customer(bytes([number]) * 32, person, 1000, 1000)


def _keep(store: Store[str], *people: Contact) -> None:
    def keep(unit: Unit[str]) -> None:
        for number, person in enumerate(people, 1):
            unit.customers.keep(_row(number, person))

    store.write_now(keep)


def _same(store: Store[str], person: Contact) -> set[bytes]:
    def look(unit: Unit[str]) -> set[bytes]:
        return {id_ for kind, value in same_person(person) for found in unit.staged_imports.alike(kind, [value]).values() for id_ in found}

    return store.read_now(look)


def test_a_record_comes_back_as_it_was(store: Store[str]) -> None:
    full = Contact(1, Names("A"), photo=b"\x00\xff", birthday="--02-29", notes="two\nlines", addresses=(HOME,))
    _keep(store, full)
    assert store.read_now(lambda unit: unit.customers.get(bytes([1]) * 32)) == _row(1, full)


def test_a_picture_stays_out_of_lists_and_goes_with_the_customer(store: Store[str]) -> None:
    id_ = bytes([1]) * 32
    _keep(store, Contact(1, Names("A"), photo=b"\x00\xff"))
    listed = store.read_now(lambda unit: unit.customer_search.page(unit.customer_search.look((), ()), "name", None, 10))
    assert [row.person.photo for _, _, row in listed] == [None]
    assert store.read_now(lambda unit: unit.customers.photo(id_)) == b"\x00\xff"
    _keep(store, Contact(1, Names("A")))
    assert store.read_now(lambda unit: unit.customers.photo(id_)) is None
    _keep(store, Contact(1, Names("A"), photo=b"\x01"))
    store.write_now(lambda unit: unit.customers.erase(id_))
    assert store.read_now(lambda unit: unit.db.execute("SELECT count(*) FROM customer_photos").fetchone()) == (0,)


def test_what_the_seller_noted_survives_a_merge_and_how_a_person_came_first_stays(store: Store[str]) -> None:
    said = Consent("newsletter", given=True, day="2026-01-02", how="at a party")
    taken_back = Consent("newsletter", given=False, day="2026-03-04")
    before = Contact(1, Names("A"), came_by="party", custom=(Labelled("shoe", "38"),), consents=(said,))
    after = Contact(9, Names("A"), came_by="web shop", custom=(Labelled("shoe", "39"), Labelled("dog", "Ada")), consents=(taken_back,))
    both = merged(before, after)
    assert both.came_by == "party"
    assert both.custom == (Labelled("shoe", "39"), Labelled("dog", "Ada"))
    assert both.consents == (said, taken_back)
    _keep(store, both)
    kept = store.read_now(lambda unit: unit.customers.get(bytes([1]) * 32))
    assert kept is not None
    assert kept.person == both


def test_the_same_person_is_found_by_name_and_address_e_mail_or_number(store: Store[str]) -> None:
    _keep(store, MIA, JO)
    same = [
        Contact(1, Names("M. Torres"), (), (Labelled("", "mia@EXAMPLE.com"),)),
        Contact(1, Names("Torres, Mía"), (Phone("", "+34 600000111", "+34600000111"),)),
        Contact(1, Names("MIA TORRES"), addresses=(HOME,)),
    ]
    for person in same:
        assert _same(store, person) == {bytes([1]) * 32}
    assert _same(store, Contact(1, Names("Mía Torres"))) == set()


def test_merging_the_same_record_changes_nothing_and_a_newer_one_adds() -> None:
    assert merged(MIA, MIA) == MIA
    newer = Contact(9, Names("Mía Torres Gil"), (Phone("", "+34 611 000 222", "+34611000222"),), tags=("new",))
    both = merged(MIA, newer)
    assert both.names.full == "Mía Torres Gil"
    assert [phone.e164 for phone in both.phones] == ["+34611000222", "+34600000111"]
    assert both.addresses == MIA.addresses
    assert both.tags == ("new", "serum")


def test_erasing_takes_keys_and_what_undo_kept(store: Store[str]) -> None:
    def work(unit: Unit[str]) -> list[int]:
        unit.customer_imports.keep_import(ImportRow(b"i" * 32, "a.vcf", "vcard", 1, 1, 0, 0))
        unit.customers.keep(_row(1, MIA))
        unit.customer_imports.note_changes(
            b"i" * 32, [(bytes([1]) * 32, 1, unit.customer_imports.images([bytes([1]) * 32], ())[bytes([1]) * 32])]
        )
        assert unit.customers.erase(bytes([1]) * 32)
        assert not unit.customers.erase(bytes([1]) * 32)
        tables = ("customers", "customer_keys", "customer_changes")
        return [unit.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]

    assert store.write_now(work) == [0, 0, 0]


def test_what_an_order_needs(store: Store[str]) -> None:
    _keep(store, MIA, JO, BLOCK)
    ids = [bytes([number]) * 32 for number in (1, 2, 3, 9)]
    values, places = store.read_now(
        lambda unit: (
            [unit.customers.delivery_values(id_) for id_ in ids],
            [unit.customers.destination(id_) for id_ in ids],
        )
    )
    assert values[0] == {
        Field.NAME: "Mía Torres",
        Field.PHONE: "+34600000111",
        Field.EMAIL: "Mia@example.com",
        Field.STREET: "Calle de la Paz 12, 2º B",
        Field.POSTCODE: "46003",
        Field.CITY: "Valencia",
        Field.REGION: "Valencia",
        Field.COUNTRY: "España",
    }
    assert values[1] == {Field.NAME: "Jo Nilsson", Field.PHONE: "ask"}
    assert values[2][Field.STREET] == "12 St James's Square, London SW1Y 4JH, United Kingdom"
    assert values[3] == {}
    assert places == [("ES", "Valencia", "46003"), ("", "", ""), ("GB", "", ""), ("", "", "")]


@pytest.mark.parametrize(
    ("country", "code"),
    [
        ("Germany", "DE"),
        ("Deutschland", "DE"),
        ("us", "US"),
        ("USA", "US"),
        ("U.K.", ""),
        ("uk", "GB"),
        ("Österreich", "AT"),
        ("Narnia", ""),
    ],
)
def test_a_country_is_known_by_its_names_and_codes(country: str, code: str) -> None:
    assert alpha2(country) == code


def test_what_is_too_long_for_a_quote_is_left_out() -> None:
    person = Contact(1, Names("X"), addresses=(Address("", ("Main St 1",), "Y", "A very long region", "1" * 17, "France"),))
    assert destination(person) == ("FR", "", "")
