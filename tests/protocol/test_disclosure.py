from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parts import flipped, named

from protocol import disclosure as m
from protocol.errors import BadSignature, Malformed

SALT = named("salt")
ANA = {m.Field.NAME: "Ana Almeida", m.Field.STREET: "Rua 1", m.Field.COUNTRY: "PT"}
fields = st.sets(st.sampled_from(m.Field), min_size=1)


@given(st.dictionaries(st.sampled_from(m.Field), st.text(max_size=20)), fields)
def test_what_is_opened_is_what_was_committed_to(values, asked):
    commitment = m.commit_delivery(SALT, values)
    found = m.check_disclosed(*m.disclose(SALT, values, asked), commitment)
    assert found == {field: values.get(field, "") for field in asked}


@given(fields)
def test_another_value_salt_or_person_is_noticed(asked):
    commitment = m.commit_delivery(SALT, ANA)
    opened, closed = m.disclose(SALT, ANA, asked)
    for wrong in (
        ((replace(opened[0], value="Eve"), *opened[1:]), closed),
        ((replace(opened[0], salt=flipped(opened[0].salt)), *opened[1:]), closed),
        m.disclose(SALT, {**ANA, m.Field.PHONE: "1"}, asked),
    ):
        with pytest.raises(BadSignature):
            m.check_disclosed(*wrong, commitment)


def test_each_field_once():
    opened, closed = m.disclose(SALT, ANA, [m.Field.NAME])
    for wrong in ((opened, closed[1:]), ((*opened, *opened), closed), (opened, (*closed[1:], closed[1]))):
        with pytest.raises(Malformed):
            m.check_disclosed(*wrong, m.commit_delivery(SALT, ANA))
    with pytest.raises(Malformed):
        m.commit_delivery(b"short", ANA)


def test_equal_values_look_different_without_the_salt():
    assert m.commit_delivery(SALT, ANA) != m.commit_delivery(named("other"), ANA)
