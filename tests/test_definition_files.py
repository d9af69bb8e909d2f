"""What a file of definitions may look like: YAML that means what it says."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from timetracker_api.definition_file import plain_yaml
from timetracker_api.definition_file.complaints import Unreadable
from timetracker_api.definition_file.reading import read
from timetracker_api.schema import many_lines

FIELD = "version: 1\ncustom_fields:\n- {key: a, label: A, kind: text%s}\n"
BOMB = "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(9))


def acceptable(text: str) -> bool:
    try:
        return bool(many_lines(text))
    except ValueError:
        return False


texts = st.text(st.characters(codec="utf-8"), max_size=40).filter(acceptable)
words = st.sampled_from(["no", "1e3", "0x1f", "1:30", "=", "<<", "2026-01-31", "~", "- a", "1_0"])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(-1e6, 1e6).map(lambda number: round(number, 3))
    | texts
    | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts | words, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(values)
def test_what_is_written_is_read_again(value: Any):
    assert plain_yaml.read(plain_yaml.write(value).encode()).data == value


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("no", "no"),
        ("2026-01-31", "2026-01-31"),
        ("010", "010"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        (".inf", ".inf"),
        ("9" * 30, "9" * 30),
        ("true", True),
        ("-12", -12),
        ("0.5", 0.5),
        ("null", None),
        ("'5'", "5"),
        ('"a\\tb"', "a\tb"),
    ],
)
def test_a_word_means_what_it_means_in_json_or_is_text(written: str, meant: object):
    assert plain_yaml.read(f"a: {written}".encode()).data == {"a": meant}


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm():
    file = read(b"\xef\xbb\xbf" + (FIELD % "").replace("\n", "\r\n").encode())
    assert [each.values["key"] for each in file.wanted] == ["a"]


@pytest.mark.parametrize(
    ("source", "place", "words"),
    [
        (b"", "", "It is empty"),
        (b"# nothing\n", "", "It is empty"),
        (b"\xff\xfe\x00", "", "not written in UTF-8"),
        (b"\x89PNG\r\n", "", "not written in UTF-8"),
        (b"a: \x1b[31m", "", "characters that YAML does not allow"),
        (b"a: [", "1", "cannot be read"),
        (b"\tkey: x", "1", "cannot be read"),
        (b"a: 1\n---\na: 2\n", "2", "cannot be read"),
        (BOMB.encode(), "1", "anchors and aliases"),
        (b"a: *b", "1", "anchors and aliases"),
        (b"a: !!python/object/apply:os.system [ls]", "1", "tags"),
        (b"a: ! x", "1", "tags"),
        (b"[" * 100_000, "1", "nested too deeply"),
        (b"- " * 100_000, "1", "nested too deeply"),
        (b"a: 1\nb: 2\na: 3\n", "3 a", "twice"),
        (b"version: 1\n? [a]\n: b\n", "2", "A name must be text"),
        (b"a" * (plain_yaml.LARGEST + 1), "", "larger than 10 MiB"),
        (b"[]", "1", "Must be an object."),
        (b"5", "1", "Must be an object."),
        (b"custom_fields: []", "1 version", "required"),
        (b"version: 2", "1 version", "Must be 1."),
        (b"version: '1'", "1 version", "Must be 1."),
        (b"version: 1\nfields: []", "2 fields", "There is no "),
        (b"version: 1\ncustom_fields: {}", "2 custom_fields", "Must be a list."),
        (b"version: 1\ncustom_fields:\n", "2 custom_fields", "Must be a list."),
        (b"version: 1\ncustom_fields: [x]", "2 custom_fields[0]", "Must be an object."),
        (FIELD % ", id: 5", "3 custom_fields[0].id", "There is no "),
        (FIELD % ', "\\e[31m": 5', "3 custom_fields[0]['\\x1b[31m']", "There is no "),
        (FIELD % ', "\\ud800": 5', "3 custom_fields[0]", "control"),
        (FIELD % ', placeholder: "\\ud800"', "3 custom_fields[0].placeholder", "control"),
        (FIELD % ', placeholder: "a\\0b"', "3 custom_fields[0].placeholder", "control"),
        (FIELD % ", position: 1.5", "3 custom_fields[0].position", "Must be a whole number."),
        (FIELD % ", scale: 3", "3 custom_fields[0].scale", "has no scale"),
        (FIELD % ", max_length: 3, default: abcd", "3 custom_fields[0].default", "3"),
        (
            (FIELD % ", default: 7").replace("text", "user"),
            "3 custom_fields[0].default",
            "signs in with",
        ),
        (
            (FIELD % ", scale: 3, default: 7").replace("text", "user"),
            "3 custom_fields[0].scale",
            "has no scale",
        ),
    ],
)
def test_what_is_no_such_file_is_refused_with_the_line(source: bytes | str, place: str, words: str):
    with pytest.raises(Unreadable) as caught:
        read(source.encode() if isinstance(source, str) else source)
    found = {f"{each.line or ''} {each.place}".strip(): each for each in caught.value.complaints}
    assert words in found[place].message, found
