"""Who asks. Found out before the body is read, from the header fields alone."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass

_PLAIN_NAME = re.compile(r"[\w.@-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Caller:
    owner: str  # the name of the token; its jobs and pictures are seen by all who hold it
    name: str  # one program of it: takes turns with others, and interrupts its own jobs alone


def caller_of(fields: Mapping[str, str], address: str, tokens: dict[str, str]) -> Caller | None:
    """None: there are tokens, and none was given. `fields` by lower-case name."""
    owner: str | None = ""
    if tokens:
        owner = _owner(fields.get("authorization", ""), tokens)
        if owner is None:
            return None
    program = fields.get("x-client-id", "")
    if not _PLAIN_NAME.fullmatch(program):
        program = ""
    return Caller(owner, f"{owner} {address} {program}")


def _owner(authorization: str, tokens: dict[str, str]) -> str | None:
    """Of `Bearer TOKEN`, or of `Basic` with the token as its password, whatever the user's name."""
    scheme, _, value = authorization.partition(" ")
    given = value.strip()
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return None
    elif scheme.lower() != "bearer":
        return None
    # Digests have one length, so that neither it nor the order of the tokens shows in the time.
    digest = hashlib.sha256(given.encode()).digest()
    found = None
    for token, name in tokens.items():
        if hmac.compare_digest(hashlib.sha256(token.encode()).digest(), digest):
            found = name
    return found
