"""The address at which phones reach the app, and its QR code."""

import ipaddress
import os
import socket
from urllib.parse import SplitResult, urlsplit

import segno
import streamlit as st
from starlette.requests import Request

LONGEST = 300  # letters of an address


def address_of(seen: object, request: Request) -> str:
    """``STN_PUBLIC_URL``; else the address at which the opener's browser sees the app (``seen``),
    with this computer's address in its network in place of one that only it knows, if the server
    listens there. No slash at the end."""
    public = os.environ.get("STN_PUBLIC_URL")
    if public and _is_server(public):
        return public.rstrip("/")
    parts = _parts(seen) or _parts(str(request.base_url)) or urlsplit("http://localhost")
    port = f":{parts.port}" if parts.port else ""
    host = parts.hostname or "localhost"
    if _only_here(host) and not _only_here(str(st.get_option("server.address") or "")):
        host = in_network()
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{port}{parts.path}"


def check_public() -> None:
    """SystemExit, in a sentence, if ``STN_PUBLIC_URL`` is set and is no address."""
    public = os.environ.get("STN_PUBLIC_URL")
    if public and not _is_server(public):
        raise SystemExit(
            f"STN_PUBLIC_URL is no address of a server: {public[:LONGEST]!r}. "
            "Wanted: https://lab.example.org, with a port and a path if there are any"
        )


def _is_server(address: str) -> bool:
    """Whether a path can follow."""
    parts = _parts(address)
    return parts is not None and not parts.query and not parts.fragment


def _parts(address: object) -> SplitResult | None:
    """An address of a server in its parts; None for anything else."""
    if not isinstance(address, str) or len(address) > LONGEST or not address.isprintable():
        return None
    try:
        parts = urlsplit(address.rstrip("/"))
        fine = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1) > 0
    except ValueError:  # brackets, a port that is none
        return None
    return parts if fine else None


def in_network() -> str:
    """This computer's address in its network; 127.0.0.1 if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing: it only chooses a way
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _only_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def qr_rows(text: str) -> list[str]:
    """The modules of a QR code without its margin, a string of 0 and 1 for each row."""
    code = segno.make(text, error="m", micro=False)
    return ["".join(str(int(dark)) for dark in row) for row in code.matrix]
