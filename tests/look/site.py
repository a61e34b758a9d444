"""A site without a server, under the strict content policy: pages and static files as told."""

from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from tests.look import samples

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


class Site:
    """Answer the browser without a server: pages by path, static files, and what was posted."""

    def __init__(self, page):
        self.page, self.posted, self.complaints = page, [], []
        self.pages, self.answers = {"/": samples.page()}, {}
        page.on("console", self.listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.route("**/*", self.answer)

    def listen(self, message):
        if message.type in {"warning", "error"}:
            self.complaints.append(message.text)

    def answer(self, route):
        path = urlsplit(route.request.url).path
        if path.startswith("/static/"):
            return route.fulfill(path=Path(settings.BASE_DIR) / path[1:])
        if path == "/notices/bell/":
            return route.fulfill(status=204)
        if route.request.method == "POST":
            self.posted.append((path, route.request.post_data or "", route.request.headers))
        status, body = self.answers.get(path, (200, self.pages.get(path, self.pages["/"])))
        return route.fulfill(
            status=status,
            body=body,
            content_type="text/html; charset=utf-8",
            headers={"Content-Security-Policy": POLICY, "X-Request-Id": "7f3c-91ab"},
        )

    def open(self, path="/"):
        self.page.goto(f"http://localhost{path}")
        return self.page
