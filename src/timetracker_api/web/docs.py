"""The pages for people: documentation that needs no internet, and what a problem means."""

from functools import cache
from html import escape
from importlib.resources import files
from inspect import getdoc
from string import Template

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.openapi.docs import get_redoc_html
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles

from timetracker_api.problems import NotFound, every

ASSETS = "/docs/assets"

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
    page = Template(_shipped("docs.html")).substitute(root=escape(_root(request)))
    return HTMLResponse(page)


@router.get("/docs/start.js")
async def start_docs() -> Response:
    """What the page does: which document it shows, and to whom."""
    return Response(_shipped("docs.js"), media_type="text/javascript")


@router.get("/redoc")
async def show_redoc(request: Request) -> HTMLResponse:
    """The API, to be read."""
    root = _root(request)
    return get_redoc_html(
        openapi_url=f"{root}/openapi.json",
        title="TimeTracker API",
        redoc_js_url=f"{root}{ASSETS}/redoc.standalone.js",
        redoc_favicon_url=f"{root}{ASSETS}/favicon.png",
        with_google_fonts=False,
    )


@router.get("/problems/{slug}")
async def show_problem(slug: str) -> PlainTextResponse:
    """What a kind of problem means: the ``type`` of every error leads here."""
    for kind in every():
        if kind.slug() == slug:
            explanation = " ".join((getdoc(kind) or "").split())
            return PlainTextResponse(f"{int(kind.status)} {kind.title}\n\n{explanation}\n")
    raise NotFound("There is no such kind of problem.")


@cache
def _shipped(name: str) -> str:
    return files("timetracker_api.web").joinpath(name).read_text("utf-8")


def _root(request: Request) -> str:
    return request.scope.get("root_path", "").rstrip("/")
