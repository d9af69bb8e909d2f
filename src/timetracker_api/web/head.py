"""HEAD: whatever GET would answer, without the body."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class AnswersHead:
    """Every address that can be read can be asked for its headers alone (RFC 9110, 9.3.2)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        sent = False

        async def send_headers(message: Message) -> None:
            nonlocal sent
            if message["type"] == "http.response.body":
                if sent:
                    return
                # That was all: what is written while it is sent is not written any further.
                sent, message = True, {**message, "body": b"", "more_body": False}
            await send(message)

        reading = {**scope, "method": "GET"}
        try:
            await self.app(reading, receive, send_headers)
        finally:
            scope["endpoint"] = reading.get("endpoint")  # for who counts by what was asked
