"""A server historian that misbehaves as it is told, for what real ones can not be brought to do at will."""

import gzip
import json
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FaultyHistorian:
    """Takes lines and keeps them, unless ``mode`` says otherwise.

    ``mode`` is "take", "hang", "slow" (half a second), "reset", "no http" (another protocol), or the status,
    headers and body of an answer.
    """

    def __init__(self):
        self.mode = "take"
        self.token = None
        """The one token that is accepted; None: any."""
        self.lines = []
        self.requests = []
        """Path and headers of every write."""
        self._end = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                owner.answer(self, 204 if owner.mode == "take" else owner.mode)

            def do_POST(self):
                owner.post(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._server.shutdown()
        self._server.server_close()

    def post(self, handler):
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        self.requests.append((handler.path, dict(handler.headers)))
        if self.token is not None and handler.headers.get("Authorization") != f"Token {self.token}":
            said = f"not {handler.headers.get('Authorization') or 'no token'}"
            self.answer(handler, (401, {}, json.dumps({"message": said})))
            return
        if self.mode == "slow":
            self._end.wait(0.5)
        if self.mode in ("take", "slow"):
            self.lines += gzip.decompress(body).decode().splitlines()
            self.answer(handler, 204)
        else:
            self.answer(handler, self.mode)

    def answer(self, handler, mode):
        if mode == "hang":
            self._end.wait(60)
            handler.close_connection = True
        elif mode == "reset":
            # Without lingering the close is a reset, not an end.
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True
        elif mode == "no http":
            handler.wfile.write(b"HALF\r\n")
            handler.close_connection = True
        else:
            status, headers, body = (mode, {}, "") if isinstance(mode, int) else mode
            body = body if isinstance(body, bytes) else body.encode()
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name, value)
            if status != 204:
                handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body if status != 204 else b"")
