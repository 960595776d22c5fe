"""The video while it is being made, as an MJPEG stream for a browser: works over ssh, needs no display."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from numpy.typing import NDArray

from mvp_real.errors import MvpRealError, require

PORT = 8321
_PAGE = b"""<!doctype html><title>mvp_real</title>
<style>body{margin:0;background:#181c22;display:grid;place-items:center;height:100vh}img{max-width:100%}</style>
<img src="/stream" alt="live view of the trial">"""


class LiveView:
    """Serves the newest frame at http://127.0.0.1:<port>.

    Raises:
        MvpRealError: The port is taken.
    """

    def __init__(self, port: int = PORT) -> None:
        self._cv2 = require("cv2", "sim")
        self._condition = threading.Condition()
        self._jpeg = b""
        view = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                view._answer(self)

            def log_message(self, format: str, *arguments: object) -> None:
                """Quiet: the terminal belongs to the trials."""

        try:
            # Loopback only: a camera picture is nobody else's business.
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise MvpRealError(f"view:=browser cannot use port {port}: {error}") from error
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        """The port in use."""
        return int(self._server.server_address[1])

    def show(self, frame: NDArray[np.uint8]) -> None:
        """Make an (H, W, 3) RGB frame the newest one."""
        encoded, jpeg = self._cv2.imencode(".jpg", frame[:, :, ::-1], [self._cv2.IMWRITE_JPEG_QUALITY, 85])
        if encoded:
            with self._condition:
                self._jpeg = jpeg.tobytes()
                self._condition.notify_all()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        if request.path != "/stream":
            request.send_response(200 if request.path == "/" else 404)
            request.send_header("Content-Type", "text/html")
            request.end_headers()
            if request.path == "/":
                request.wfile.write(_PAGE)
            return
        request.send_response(200)
        request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        request.end_headers()
        try:
            while True:
                with self._condition:
                    self._condition.wait(timeout=1.0)
                    jpeg = self._jpeg
                if jpeg:
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    request.wfile.write(head.encode() + jpeg + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass  # the browser went away
