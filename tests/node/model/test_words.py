"""Text as it is compared, word by word: the quick ways give what the long ones do."""

import re
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from node.model.customer import plain
from node.model.terms import LONGEST_WORD, folded, words

TEXT = st.text(st.one_of(st.characters(exclude_categories=("Cs",)), st.sampled_from(" \t\u00a0\u2003'’`´¨\u0301éßŁıA1_-")), max_size=60)


@given(TEXT)
@example("a \u0301b ¨c\u00a0ﬁ ½ İx")
def test_text_is_made_plain_as_a_whole_would_be(text):
    letters = unicodedata.normalize("NFKD", text.casefold())
    assert plain(text) == " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).split())


@given(st.text(st.characters(max_codepoint=127), max_size=100))
@example("O'Brien_3 a-b.c 'x' " + "y" * 50)
def test_words_of_ascii_are_runs_of_letters_and_digits(text):
    joined = re.sub(r"(?<=\w)['`](?=\w)", "", folded(text))
    assert words(text) == [word[:LONGEST_WORD] for word in re.findall(r"[^\W_]+", joined)]
