"""Each vector is accepted with its output or refused with its code; the files are what the generator makes."""

import json
from pathlib import Path

import pytest
from checks import run
from generate import TOPICS, vectors
from parts import text

from protocol.errors import ProtocolError

HERE = Path(__file__).parents[1] / "vectors"
ALL = [(topic, vector) for topic in TOPICS for vector in json.loads((HERE / f"{topic}.json").read_text())]


@pytest.mark.parametrize("vector", [vector for _, vector in ALL], ids=[f"{topic}: {vector['comment']}" for topic, vector in ALL])
def test_vector(vector):
    if vector["expect"] == "ok":
        assert run(vector) == vector.get("output")
        return
    with pytest.raises(ProtocolError) as caught:
        run(vector)
    assert caught.value.code == vector["expect"]


@pytest.mark.parametrize("topic", TOPICS)
def test_the_file_is_what_the_generator_makes(topic):
    assert (HERE / f"{topic}.json").read_text() == text(vectors(topic))


@pytest.mark.parametrize("topic", TOPICS)
def test_each_topic_has_both_directions(topic):
    assert {"ok"} < {vector["expect"] for name, vector in ALL if name == topic}
