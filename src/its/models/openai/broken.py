"""What a connection that broke means, in a plain sentence."""

from __future__ import annotations

import os
import socket

import aiohttp
import httpx

from its.errors import TransientCallError
from its.models.openai.faults import Faults
from its.models.openai.settings import Timeouts

UNREACHED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
BROKEN = (httpx.TransportError, aiohttp.ClientError, OSError, ValueError)


def failure(
    error: BaseException, faults: Faults, timeouts: Timeouts, begun: bool
) -> TransientCallError:
    """The plain sentence for a connection that failed."""
    if isinstance(error, UNREACHED):
        return faults.lost(_why_unreached(error), answered=False)
    if isinstance(error, TimeoutError) and (begun or timeouts.total <= timeouts.first_token):
        what = f"did not finish its reply within {timeouts.total:g} s"
    elif isinstance(error, TimeoutError):
        what = f"gave no token within {timeouts.first_token:g} s"
    elif isinstance(error, aiohttp.ClientPayloadError):
        what = "broke off in the middle of its reply"
    elif isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
        what = "closed the connection without a reply"
    elif isinstance(error, httpx.DecodingError):
        what = "sent a reply that cannot be unpacked"
    else:
        what = f"broke the connection ({type(error).__name__})"
    return faults.lost(what)


def cause_of(error: BaseException) -> BaseException:
    """What httpx's transport wrapped."""
    wrapped = isinstance(error, httpx.TransportError) and error.__cause__ is not None
    return error.__cause__ or error if wrapped else error


def _is_unknown(error: OSError) -> bool:
    """Whether the look-up of a name, or of a scope in an address, failed."""
    return isinstance(error, socket.gaierror)


def _why_unreached(error: aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError) -> str:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return "cannot be reached: it took no connection in time"
    if isinstance(error, aiohttp.ClientConnectorDNSError) or _is_unknown(error.os_error):
        return "cannot be reached: its host name is not known"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "") or "it is not valid"
        return (
            f"cannot be trusted: its certificate is not accepted ({why}); if it comes from your "
            "own authority, set SSL_CERT_FILE to the file with that authority's certificate"
        )
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return "cannot be reached: the proxy that the environment names does not answer"
    number = error.os_error.errno
    return f"cannot be reached: {os.strerror(number) if number else 'no connection'}"
