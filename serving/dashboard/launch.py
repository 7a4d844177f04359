"""Starts the Streamlit server with every option that the dashboard depends on."""

import importlib
import socket
from ipaddress import ip_address
from pathlib import Path

from serving.dashboard.theme import THEME_OPTIONS

APP = Path(__file__).with_name("app.py")
REQUIRE_TOKEN = "--require-token"

# Nothing is sent anywhere, nothing is asked on the terminal, and a fault shows no source code to the browser.
_SERVER_OPTIONS = {
    "browser.gatherUsageStats": "false",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.toolbarMode": "viewer",
    "logger.hideWelcomeMessage": "true",
    "server.fileWatcherType": "none",
    "server.showEmailPrompt": "false",
}


class PortTaken(Exception):
    """Another program listens on the address, or it is none of this machine; the message says which address."""


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach a server on `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check_free(host: str, port: int) -> None:
    """Try the address before the server is started, which would say less.

    Raises:
        PortTaken: nobody can listen there.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise PortTaken(f"cannot listen on {host}:{port}: {error.strerror or error}; choose another --port") from None


def address_of(host: str, port: int) -> str:
    """The URL to open."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def serve(host: str, port: int, *, requires_token: bool, opens_browser: bool) -> None:
    """Be the server until SIGTERM or Ctrl-C."""
    # Loaded before anybody opens the page: the first reader would wait for it.
    importlib.import_module("plotly.graph_objects")
    from streamlit.web import cli

    options = _SERVER_OPTIONS | THEME_OPTIONS
    options |= {
        "browser.serverAddress": host,
        "server.address": host,
        "server.port": str(port),
        "server.headless": "false" if opens_browser else "true",
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    if is_loopback(host):
        # A page elsewhere whose name was made to point here would otherwise read along (DNS rebinding).
        flags += [f"--server.allowedHosts={name}" for name in ("localhost", "127.0.0.1", "::1", host)]
    own = ["--", REQUIRE_TOKEN] if requires_token else []
    cli.main(["run", *flags, str(APP), *own])
