"""A weather service on a real socket that answers as it is told, and keeps what it was asked."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ANSWER = json.loads(Path(__file__).with_name("open_meteo_answer.json").read_text(encoding="utf-8"))
"""Written by hand after https://open-meteo.com/en/docs, not recorded: five days from 14 January 2026."""
BEGIN = float(ANSWER["hourly"]["time"][0])
NOW = BEGIN + 26 * 3600.0


def spoilt(**changes):
    """The answer with columns of ``hourly`` or whole keys replaced; a key that is None is left out."""
    answer = json.loads(json.dumps(ANSWER))
    for key, value in changes.items():
        place = answer["hourly"] if key in answer["hourly"] else answer
        if value is None:
            del place[key]
        else:
            place[key] = value
    return answer


class WeatherServer:
    """``mode`` is a document (sent as JSON), bytes, (status, headers, body), "hang", "drip" or "cut"."""

    def __init__(self, tls=None):
        """``tls`` is a context with which the answers are secured."""
        self.mode = ANSWER
        self.questions = []
        """Query of each request, one value a key."""
        self._end = threading.Event()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                query = parse_qs(urlsplit(self.path).query)
                owner.questions.append({key: value for key, (value,) in query.items()})
                owner.answer(self)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self._server.server_port}/v1/forecast"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, handler):
        mode = self.mode
        if mode == "hang":
            self._end.wait(60)
            handler.close_connection = True
            return
        status, headers, body = mode if isinstance(mode, tuple) else (200, {}, mode)
        if mode in ("drip", "cut"):
            body = ANSWER
        if isinstance(body, dict | list):
            body = json.dumps(body, ensure_ascii=False).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        if mode == "drip":
            for at in range(len(body)):
                if self._end.wait(0.05):
                    break
                handler.wfile.write(body[at : at + 1])
                handler.wfile.flush()
        else:
            handler.wfile.write(body[: len(body) // 2] if mode == "cut" else body)
        handler.close_connection = mode in ("drip", "cut")
