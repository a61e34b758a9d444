"""The ways out: a mail server, and a workflow that posts into a channel in Microsoft Teams."""

import smtplib
from email.utils import parseaddr
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from apps.kernel.secrets import SecretError, resolve
from apps.notices.errors import RefusedError, UndeliveredError, WayDownError
from apps.notices.protocols import Letter

PERMANENT = 500  # from here on an SMTP answer says "never", below it "not now" (RFC 5321, 4.2.1)
TIMEOUT_S = (5, 15)  # to connect, and between two bytes of the answer


def send_mail(letter: Letter) -> None:
    """Send a letter as plain text and HTML; raises UndeliveredError with a sentence."""
    context = {"letter": letter, "organisation": settings.ORGANISATION}
    mail = EmailMultiAlternatives(
        subject=letter.subject,
        body=render_to_string("notices/mail.txt", context),
        to=[letter.to],
        headers={
            "Message-ID": f"<{letter.key}@{_domain()}>",
            "List-Unsubscribe": f"<{letter.preferences_url}>",
            "Auto-Submitted": "auto-generated",  # RFC 3834: nobody's absence note answers it
        },
    )
    mail.attach_alternative(render_to_string("notices/mail.html", context), "text/html")
    try:
        mail.connection = get_connection(password=resolve(settings.PORTAL_EMAIL_PASSWORD))
        mail.send()
    except SecretError as error:
        raise WayDownError(f"The password of the mail server is missing. {error}") from error
    except (BadHeaderError, ValueError) as error:
        raise RefusedError(f"“{letter.to[:80]!a}” is no address that a mail can have.") from error
    except (smtplib.SMTPException, OSError) as error:
        raise _of_mail(error, letter.to) from error


def _domain() -> str:
    """Name the domain that our Message-IDs are unique in: the sender's."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "portal"


def _of_mail(error: Exception, to: str) -> UndeliveredError:
    """Say what a mail server meant, and for whom it counts."""
    server = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return WayDownError(
            f"The mail server {server} does not let the portal sign in. Check PORTAL_EMAIL_USER "
            "and the secret that PORTAL_EMAIL_PASSWORD names."
        )
    if isinstance(error, smtplib.SMTPSenderRefused):
        return WayDownError(
            f"The mail server {server} does not take mail from {error.sender} "
            f"({error.smtp_code}). Check PORTAL_EMAIL_FROM."
        )
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = max((code for code, _ in error.recipients.values()), default=PERMANENT)
        refusal = f"The mail server {server} does not take mail for {to} ({code})."
        return RefusedError(refusal) if code >= PERMANENT else UndeliveredError(refusal)
    if isinstance(error, smtplib.SMTPDataError):
        refusal = f"The mail server {server} did not take this mail ({error.smtp_code})."
        return RefusedError(refusal) if error.smtp_code >= PERMANENT else UndeliveredError(refusal)
    return WayDownError(
        f"The mail server {server} does not answer ({type(error).__name__}). "
        "The portal tries again by itself."
    )


def post_card(letter: Letter, *, webhook: str) -> None:
    """Post a letter as an Adaptive Card; `webhook` is the reference of the workflow's address.

    Raises UndeliveredError; no sentence and no log ever holds the address, which is a secret.
    """
    try:
        url = resolve(webhook)
    except SecretError as error:
        raise UndeliveredError(f"The address of the channel is missing. {error}") from error
    no_address = RefusedError(f"What {webhook} holds is no https address of a workflow.")
    try:
        if urlsplit(url).scheme != "https":
            raise no_address
        answer = requests.post(url, json=_card(letter), timeout=TIMEOUT_S, allow_redirects=False)
    except ValueError:  # of urllib, urllib3 and requests alike: it cannot be parsed
        raise no_address from None
    except requests.exceptions.SSLError:
        raise UndeliveredError("The certificate of the workflow is not trusted.") from None
    except requests.RequestException as error:
        raise UndeliveredError(
            f"The workflow of {letter.to} does not answer ({type(error).__name__}). "
            "The portal tries again by itself."
        ) from None
    if not answer.ok or answer.is_redirect:
        raise _of_teams(answer, letter.to)


def _of_teams(answer: requests.Response, channel: str) -> UndeliveredError:
    status = answer.status_code
    said = f"The workflow of {channel} answered {status}."
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        pause = answer.headers.get("Retry-After", "")
        after_s = min(int(pause), 3_600) if pause.isascii() and pause.isdigit() else 0
        return UndeliveredError(f"{said} The portal tries again by itself.", after_s=after_s)
    return RefusedError(
        f"{said} Its address may have changed: look at it in Teams, put the new one where the "
        "portal's reference points, then try again."
    )


def _card(letter: Letter) -> dict[str, Any]:
    """Write the message that a workflow expects.

    The workflow is “Post to a channel when a webhook request is received” (learn.microsoft.com,
    “Create incoming webhooks with Workflows for Microsoft Teams”, read 2026-11). Text goes into
    TextRun, which shows it as it is: TextBlock would follow Markdown in a title.
    """
    body: list[dict[str, Any]] = []
    for line in letter.lines:
        linked = {"type": "Action.OpenUrl", "url": line.url}
        head = {"type": "TextRun", "text": line.title, "weight": "Bolder", "selectAction": linked}
        text = {"type": "TextRun", "text": line.body}
        body.append({"type": "RichTextBlock", "inlines": [head], "spacing": "Medium"})
        body.append({"type": "RichTextBlock", "inlines": [text], "spacing": "Small"})
    if letter.more:
        more = {"type": "TextRun", "text": f"And {letter.more} more in the portal."}
        body.append({"type": "RichTextBlock", "inlines": [more]})
    url = letter.lines[0].url if len(letter.lines) == 1 else letter.portal_url
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": letter.subject,
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": "Open in the portal", "url": url}],
    }
    kind = "application/vnd.microsoft.card.adaptive"
    return {
        "type": "message",
        "attachments": [{"contentType": kind, "contentUrl": None, "content": card}],
    }
