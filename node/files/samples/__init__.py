"""Sample files that ship with the program: a product file and invented customers (numbers 555-01xx, mail at example.com)."""

from importlib.resources import files
from pathlib import Path

PRODUCTS = "lumen-beauty.csv"
CONTACTS = "contacts.vcf"


def sample_path(name: str) -> Path:
    """Where the sample `name` lies on disk, in a checkout and in an installed program. Raises FileNotFoundError for another name."""
    path = Path(str(files(__package__).joinpath(name)))
    if name not in {PRODUCTS, CONTACTS} or not path.is_file():
        raise FileNotFoundError(f"There is no sample {name!r}; there are {PRODUCTS} and {CONTACTS}.")
    return path
