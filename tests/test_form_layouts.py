import pytest
from httpx import AsyncClient

from callers import Callers
from given import Given

LAYOUT = "/custom-fields/schema/client/ui"


@pytest.fixture(autouse=True)
async def _fields(given: Given) -> None:
    await given.a_field("tier", position=1)
    await given.a_field("debtor_number", position=2, group="Accounting", placeholder="10042")
    await given.a_field("about", "long_text", position=3, description="Whatever there is.")
    await given.a_field("mail", "email", position=4, group="Accounting", write_roles=["admin"])


async def test_json_forms_gets_groups_and_controls_in_order(api: AsyncClient):
    layout = (await api.get(LAYOUT)).json()
    assert layout == {
        "type": "VerticalLayout",
        "elements": [
            {"type": "Control", "scope": "#/properties/tier"},
            {
                "type": "Group",
                "label": "Accounting",
                "elements": [
                    {
                        "type": "Control",
                        "scope": "#/properties/debtor_number",
                        "options": {"placeholder": "10042"},
                    },
                    {"type": "Control", "scope": "#/properties/mail"},
                ],
            },
            {"type": "Control", "scope": "#/properties/about", "options": {"multi": True}},
        ],
    }


async def test_react_jsonschema_form_gets_widgets_and_the_order(api: AsyncClient):
    layout = (await api.get(LAYOUT, params={"format": "rjsf"})).json()
    assert layout == {
        "ui:order": ["tier", "debtor_number", "about", "mail", "*"],
        "ui:options": {
            "groups": [{"title": "Accounting", "fields": ["debtor_number", "mail"]}],
        },
        "tier": {},
        "debtor_number": {"ui:placeholder": "10042"},
        "about": {"ui:widget": "textarea"},
        "mail": {"ui:options": {"inputType": "email"}},
    }


async def test_what_others_look_after_cannot_be_filled_in(callers: Callers):
    manager = await callers.a("manager")
    _, accounting, _ = (await manager.get(LAYOUT)).json()["elements"]
    assert accounting["elements"][1]["options"] == {"readonly": True}
    layout = (await manager.get(LAYOUT, params={"format": "rjsf"})).json()
    assert layout["mail"]["ui:readonly"] is True


@pytest.mark.parametrize("format", ["jsonforms", "rjsf"])
async def test_a_hidden_field_has_no_place(given: Given, callers: Callers, format: str):
    await given.a_field("margin", read_roles=["manager"], group="Zugspitze")
    member = await callers.a("member")
    layout = (await member.get(LAYOUT, params={"format": format})).text
    assert "tier" in layout
    assert "margin" not in layout
    assert "Zugspitze" not in layout
