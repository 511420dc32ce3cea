"""The demo with every catalog and contacts file there is: the document agrees with what the files say."""

from pathlib import Path

from tests.integration.performance import SAMPLE, combinations, perform, program, stage, with_files, wrong_in

FULL = len(combinations()) + 1
SHORT = 1


def run(size: int, folder: Path) -> list[str]:
    failures = []
    for catalog, people in [(SAMPLE, None), *combinations()][:size]:
        with stage() as short:
            done = perform(short, with_files(catalog, people) if people else program())
            failures += [f"{catalog.name} × {people.name if people else 'sample'}: {wrong}" for wrong in wrong_in(done, catalog)]
    return failures


def control(folder: Path) -> bool:
    """A catalog whose first price is another than the one reckoned with."""
    changed = folder / SAMPLE.name
    changed.write_text(SAMPLE.read_text("utf-8").replace("52.00", "52.01", 1), "utf-8")
    with stage() as short:
        done = perform(short, program("--catalog", str(changed)))
    return done.code == 0 and any("base" in wrong for wrong in wrong_in(done, SAMPLE))
