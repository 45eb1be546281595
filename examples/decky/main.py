"""The back end of the plugin: asks the host for the panel. Knows the host, its token and its certificate; the panel knows none."""

import asyncio
import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import ssl
import urllib.parse

import decky

TIMEOUT_S = 10
MOST_BYTES = 16 * 1024 * 1024
# What a token of the scope `stats` may, and who the host is. Event streams do not fit through a call: the panel asks on a beat.
ALLOWED = re.compile(r"/api/v1/(stats/(?!capture/stream)[\w/.%-]+|host|status|sessions|test-streams)(\?[\w=&.,%-]*)?")


class Refused(Exception):
    """A sentence for the panel."""


class PinnedConnection(http.client.HTTPSConnection):
    """TLS to exactly one certificate: whoever shows another gets no byte of the request, and so no token."""

    def __init__(self, host, port, fingerprint):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # The host's certificate is its own work: no name or authority says more than its hash.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        super().__init__(host, port, timeout=TIMEOUT_S, context=context)
        self.fingerprint = fingerprint

    def connect(self):
        super().connect()
        shown = hashlib.sha256(self.sock.getpeercert(binary_form=True)).hexdigest()
        if not hmac.compare_digest(shown, self.fingerprint):
            self.close()
            raise Refused("The host shows another certificate than the one that was pinned.")


class Plugin:
    async def configured(self):
        return (self.settings() or {}).get("host", "")

    async def configure(self, host, token, fingerprint):
        pin = fingerprint.replace(":", "").lower()
        try:
            connection_to(host, pin).close()
        except (Refused, ValueError) as problem:
            return str(problem)
        path = settings_path()
        with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"host": host, "token": token, "fingerprint": pin}, file)
        os.replace(path + ".new", path)
        return ""

    async def ask(self, method, path, body=None):
        try:
            return await asyncio.to_thread(self.asked, method, path, body)
        except Refused as problem:
            return answer(502, "host_refused", str(problem))
        except (OSError, http.client.HTTPException, ValueError) as problem:
            decky.logger.info("the host does not answer: %s", type(problem).__name__)
            # The panel's own words for it come from a call that fails.
            raise RuntimeError("The host does not answer.") from None

    def asked(self, method, path, body):
        settings = self.settings()
        if settings is None:
            return answer(401, "unauthorized", "No host is named.")
        if method not in ("GET", "POST", "PATCH", "DELETE") or not ALLOWED.fullmatch(path):
            return answer(404, "not_found", "The plugin does not carry this.")
        headers = {"Authorization": f"Bearer {settings['token']}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = connection_to(settings["host"], settings["fingerprint"])
        try:
            connection.request(method, path, body=body, headers=headers)
            response = connection.getresponse()
            content = response.read(MOST_BYTES + 1)
        finally:
            connection.close()
        if len(content) > MOST_BYTES:
            raise Refused(f"The answer is larger than {MOST_BYTES // 1024 // 1024} MiB.")
        kind = response.headers.get("Content-Type", "")
        text = content.decode() if kind.startswith("application/json") else base64.b64encode(content).decode()
        return {"status": response.status, "type": kind, "body": text}

    def settings(self):
        try:
            with open(settings_path()) as file:
                return json.load(file)
        except (OSError, ValueError):
            return None

    async def _main(self):
        decky.logger.info("punktfunk is there")

    async def _unload(self):
        pass


def connection_to(host, fingerprint):
    url = urllib.parse.urlsplit(host)
    if url.scheme == "https" and len(fingerprint) == 64:
        return PinnedConnection(url.hostname, url.port or 443, fingerprint)
    if url.scheme == "https":
        raise Refused("Name the fingerprint of the host's certificate: `punktfunk-host doctor` shows it.")
    if url.scheme == "http" and url.hostname in ("127.0.0.1", "localhost", "::1"):
        return http.client.HTTPConnection(url.hostname, url.port or 80, timeout=TIMEOUT_S)
    raise Refused("A token leaves this machine only over HTTPS.")


def answer(status, code, sentence):
    body = json.dumps({"error": sentence, "code": code})
    return {"status": status, "type": "application/json", "body": body}


def settings_path():
    return os.path.join(decky.DECKY_PLUGIN_SETTINGS_DIR, "host.json")
