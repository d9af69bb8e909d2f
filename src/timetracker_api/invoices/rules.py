"""What must not be done to an invoice, and what an invoice must not be."""

from collections.abc import Iterator
from decimal import Decimal

from timetracker_api.entities import Values
from timetracker_api.invoices.models import Invoice, Status
from timetracker_api.problems import Conflict, Fault, Invalid, fault


class NotADraft(Conflict):
    """The invoice is issued, and stays as it is; or it is void. Void it and draft another."""

    title = "The invoice is no draft"


class NotIssuable(Conflict):
    """The invoice cannot be issued as it is; `errors` lists all that it lacks."""

    title = "The invoice is not ready"


class NotIssued(Conflict):
    """The invoice is a draft or void: there is nothing to pay, and nothing to void."""

    title = "The invoice is not issued"


class HasPayments(Conflict):
    """Payments are recorded against the invoice. Delete them first."""

    title = "There are payments"


def standing(total: Decimal, paid: Decimal) -> Status:
    """Return the status of an issued invoice. Where nothing is to be paid, it is paid."""
    if paid >= total:
        return "paid"
    return "partly_paid" if paid else "issued"


def refuse_issued(invoice: Invoice, *faults: Fault) -> None:
    """Raise `NotADraft` for an invoice that must not change any more."""
    if invoice.status != "draft":
        raise NotADraft(f"The invoice {invoice.number} is {_called(invoice)}.", *faults)


def refuse_unissued(invoice: Invoice) -> None:
    """Raise `NotIssued` for an invoice that nobody owes."""
    if invoice.status in {"draft", "void"}:
        raise NotIssued(f"The invoice {invoice.number or invoice.id} is {_called(invoice)}.")


def _called(invoice: Invoice) -> str:
    return {"draft": "a draft", "void": "void"}.get(invoice.status, "issued")


def check(invoice: Invoice, values: Values) -> None:
    """Raise `Invalid` where an invoice with these new values would contradict itself."""
    if faults := list(_contradictions({**_kept(invoice), **values}, values)):
        raise Invalid(*faults)


def _kept(invoice: Invoice) -> Values:
    names = ("issued_on", "due_on", "payment_days", "discount_percent", "discount_amount")
    return {name: getattr(invoice, name) for name in names}


def _contradictions(values: Values, given: Values) -> Iterator[Fault]:
    for one, other, what in (
        ("due_on", "payment_days", "Say when it is due, or after how many days; not both."),
        ("discount_percent", "discount_amount", "Say percent or an amount, not both."),
    ):
        if values[one] is not None and values[other] is not None:
            yield fault(one if given.get(one) is not None else other, "invalid", what)
    if values["issued_on"] and values["due_on"] and values["due_on"] < values["issued_on"]:
        field = "due_on" if given.get("due_on") else "issued_on"
        yield fault(field, "minimum", "It would be due before it is issued.")
