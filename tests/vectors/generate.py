"""Writes the vectors of the protocol's records: `python tests/vectors/generate.py`. The same code gives the same files."""

from pathlib import Path

from checks import run
from make_brand import brands
from make_ground import TOPICS as GROUND
from make_media import media
from make_message import messages
from make_records import TOPICS as RECORDS
from make_sync import TOPICS as SYNC
from parts import Made, text

TOPICS = {**GROUND, **RECORDS, **SYNC, "brand": brands, "media": media, "message": messages}


def vectors(topic: str) -> list[Made]:
    """The vectors of a topic with their outputs."""
    made = TOPICS[topic]()
    for item in made:
        if item["expect"] == "ok" and (output := run(item)) is not None:
            item["output"] = output
    return made


if __name__ == "__main__":
    for name in TOPICS:
        Path(__file__).with_name(f"{name}.json").write_text(text(vectors(name)))
        print(f"{name}: {len(vectors(name))} vectors")
