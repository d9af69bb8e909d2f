"""Reports."""

from typing import Annotated

from fastapi import Depends, status

from timetracker_api.db.session import Reading
from timetracker_api.entities import Values
from timetracker_api.reports import exporting, service
from timetracker_api.reports.examples import ANSWERS
from timetracker_api.reports.parameters import TimeReport, TimeReportExport
from timetracker_api.reports.schemas import TimeReportRead
from timetracker_api.web.routing import ResourceRouter
from timetracker_api.web.streaming import Streamed

router = ResourceRouter("reports")


@router.get("/time", response_model=TimeReportRead)
async def report_time(
    session: Reading, query: Annotated[TimeReport, Depends(TimeReport.from_query)]
) -> Values:
    """Time by whom, on what and when: one's own, or with `time_entries:others` everybody's.

    What is counted is narrowed as in the list of time entries, `custom.<key>` included. Without
    `from` and `to` it is all there is. What is running is not summed.
    """
    return await service.report(session, query)


@router.get(
    "/time/export", response_class=Streamed, responses=ANSWERS, status_code=status.HTTP_200_OK
)
async def export_time_report(
    session: Reading, query: Annotated[TimeReportExport, Depends(TimeReportExport.from_query)]
) -> Streamed:
    """The groups of a report as one file: a table, or a line of JSON for each.

    A group has a line for each currency of its amounts, with the time that these are for, and one
    for the time that has none. So every column can be added up. There is no line for the total.
    """
    return await exporting.export(session, query)
