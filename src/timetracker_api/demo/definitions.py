"""The custom fields of the company, and the links that follow from them."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields import service as fields
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.custom_fields.schemas import DefinitionCreate
from timetracker_api.demo.words import ACTIVITIES
from timetracker_api.link_templates import service as templates
from timetracker_api.link_templates.schemas import LinkTemplateCreate

TIERS = ("gold", "silver", "bronze")
COST_CENTERS = ("studio", "engineering", "operations")
RETIRED = "fax"
"""The key of a field that has values and is no longer active."""


def _offered(*values: str) -> list[dict[str, Any]]:
    return [{"value": value, "label": value.capitalize()} for value in values]


DEFINITIONS: tuple[dict[str, Any], ...] = (
    {"key": "debtor_number", "label": "Debtor number", "kind": "text", "is_mandatory": True,
     "pattern": "[0-9]{5}", "group": "Accounting", "applies_to": ["client"]},
    {"key": "tier", "label": "Tier", "kind": "choice", "choices": _offered(*TIERS),
     "applies_to": ["client"]},
    {"key": "account_manager", "label": "Account manager", "kind": "user",
     "applies_to": ["client"]},
    {"key": RETIRED, "label": "Fax", "kind": "phone", "applies_to": ["client"]},
    {"key": "cost_center", "label": "Cost center", "kind": "choice", "is_mandatory": True,
     "choices": _offered(*COST_CENTERS), "group": "Accounting", "applies_to": ["project"]},
    {"key": "purchase_order", "label": "Purchase order", "kind": "text",
     "pattern": "PO-[0-9]{4}", "group": "Accounting", "applies_to": ["project"]},
    {"key": "brief", "label": "Brief", "kind": "url", "applies_to": ["project", "task"]},
    {"key": "ticket", "label": "Ticket", "kind": "text", "pattern": "[A-Z]{2,6}-[0-9]{1,5}",
     "applies_to": ["task", "time_entry"]},
    {"key": "activity", "label": "Activity", "kind": "choice", "is_mandatory": True,
     "choices": _offered(*ACTIVITIES), "applies_to": ["time_entry"]},
    {"key": "kilometres", "label": "Kilometres", "kind": "decimal", "scale": 1, "minimum": 0,
     "applies_to": ["time_entry"]},
)  # fmt: skip

TEMPLATES: tuple[dict[str, Any], ...] = (
    {"name": "Open in ERP", "field_key": "debtor_number", "icon": "external-link",
     "url_template": "https://erp.example.com/debtors/{value}", "applies_to": ["client"]},
    {"name": "Open in CRM", "field_key": "client.id",
     "url_template": "https://crm.example.com/accounts/{value}",
     "applies_to": ["client", "project"]},
    {"name": "Order", "field_key": "purchase_order",
     "url_template": "https://erp.example.com/orders/{value}?client={client.name}",
     "applies_to": ["project"]},
    {"name": "Ticket", "field_key": "ticket", "icon": "bug",
     "url_template": "https://tickets.example.com/browse/{value}",
     "applies_to": ["task", "time_entry"]},
)  # fmt: skip


async def define(session: AsyncSession) -> CustomFieldDefinition:
    """Define the fields and links; return the field that is to be retired in the end."""
    made: dict[str, CustomFieldDefinition] = {}
    for position, each in enumerate(DEFINITIONS, start=1):
        data = DefinitionCreate.model_validate({"position": 10 * position, **each})
        made[data.key] = await fields.create(session, data.whole())
    for each in TEMPLATES:
        data = LinkTemplateCreate.model_validate(each)
        await templates.create(session, data.whole())
    return made[RETIRED]
