"""Where the sandbox's alerts arrive: a mail server and a Slack webhook on 127.0.0.1 that keep what they are sent."""

import json
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.processes import free_port


class Inbox:
    """Both servers. `mails` and `slack` hold what came, oldest first; with a `directory` each is a file there too."""

    def __init__(self, directory: Path | None = None) -> None:
        self.mails: list[EmailMessage] = []
        self.slack: list[dict[str, Any]] = []
        self._directory = directory
        self._smtp = Controller(self, hostname="127.0.0.1", port=free_port())
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._webhook())

    def start(self) -> "Inbox":
        """Begin to listen."""
        if self._directory:
            self._directory.mkdir(parents=True, exist_ok=True)
        self._smtp.start()
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        """End both servers."""
        self._smtp.stop()
        self._http.shutdown()
        self._http.server_close()

    @property
    def connections(self) -> dict[str, dict[str, Any]]:
        """Airflow's connections to them, by id."""
        plain = {"disable_ssl": True, "disable_tls": True, "timeout": 5, "retry_limit": 0}
        return {
            "smtp_alerts": {"conn_type": "smtp", "host": "127.0.0.1", "port": self._smtp.port, "extra": plain},
            "slack_alerts": {
                "conn_type": "slackwebhook",
                "password": f"http://127.0.0.1:{self._http.server_port}/services/orders",
            },
        }

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a mail."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)  # noqa: S101  that is what policy.default makes
        self.mails.append(mail)
        self._keep(f"mail-{len(self.mails)}.eml", content)
        return "250 OK"

    def _keep(self, name: str, content: bytes) -> None:
        if self._directory:
            (self._directory / name).write_bytes(content)

    def _webhook(inbox) -> type[BaseHTTPRequestHandler]:
        class Webhook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                inbox.slack.append(json.loads(body))
                inbox._keep(f"slack-{len(inbox.slack)}.json", body)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *args: object) -> None:
                """Say nothing: the sandbox's screen belongs to the orders."""

        return Webhook
