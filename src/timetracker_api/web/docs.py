"""The pages for people: documentation that needs no internet, and what a problem means."""

from functools import cache
from html import escape
from importlib.resources import files
from inspect import getdoc
from string import Template

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from timetracker_api.problems import NotFound, every

ASSETS = "/docs/assets"
OURS_ALONE = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:;"
    " object-src 'none'; base-uri 'none'"
)
"""The policy of the pages: whatever their scripts ask for, nobody but the service is asked."""

router = APIRouter(include_in_schema=False)


def install(app: FastAPI) -> None:
    """Serve the pages, and the scripts they need, from installed packages."""
    app.include_router(router)
    app.mount(ASSETS, StaticFiles(directory=str(files("fastapi_offline") / "static")))


@router.get("/")
async def lead_to_docs(request: Request) -> RedirectResponse:
    """Whoever opens the address in a browser wants to read."""
    return RedirectResponse(f"{_root(request)}/docs")


@router.get("/docs")
async def show_docs(request: Request) -> HTMLResponse:
    """The API, to be read and tried."""
    return _page("docs.html", request)


@router.get("/docs/start.js")
async def start_docs() -> Response:
    """What the page does: which document it shows, and to whom."""
    return Response(_shipped("docs.js"), media_type="text/javascript")


@router.get("/redoc")
async def show_redoc(request: Request) -> HTMLResponse:
    """The API, to be read."""
    return _page("redoc.html", request)


@router.get("/problems/{slug}")
async def show_problem(slug: str) -> PlainTextResponse:
    """What a kind of problem means: the ``type`` of every error leads here."""
    for kind in every():
        if kind.slug() == slug:
            explanation = " ".join((getdoc(kind) or "").split())
            return PlainTextResponse(f"{int(kind.status)} {kind.title}\n\n{explanation}\n")
    raise NotFound("There is no such kind of problem.")


def _page(name: str, request: Request) -> HTMLResponse:
    page = Template(_shipped(name)).substitute(root=escape(_root(request)))
    return HTMLResponse(page, headers={"Content-Security-Policy": OURS_ALONE})


@cache
def _shipped(name: str) -> str:
    return files("timetracker_api.web").joinpath(name).read_text("utf-8")


def _root(request: Request) -> str:
    return request.scope.get("root_path", "").rstrip("/")
