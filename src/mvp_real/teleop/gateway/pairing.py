"""Pairing: a device shows a token once and is known by a secret from then on."""

from __future__ import annotations

import hmac
import secrets

# Without letters and digits that are mistaken for each other when typed on a headset.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 10  # 50 bits: at 1,000 tries a second a hit takes 17,000 years on average
DEVICES = 32  # known at a time; the oldest one is forgotten


class Pairing:
    """Tokens and the devices that have used one.

    Attributes:
        token: What the next device has to show; changes whenever it was used.
        refused: Number of wrong tokens so far.
    """

    def __init__(self) -> None:
        self.refused = 0
        self.token = new_token()
        self._devices: dict[str, str] = {}  # secret to name
        self._paired = 0

    def pair(self, token: str) -> str | None:
        """The secret of a new device, or None for a wrong token."""
        if not hmac.compare_digest(normalised(token).encode(), self.token.replace("-", "").encode()):
            self.refused += 1
            return None
        self.token = new_token()
        secret = secrets.token_urlsafe(32)
        self._paired += 1
        self._devices[secret] = f"device {self._paired}"
        while len(self._devices) > DEVICES:
            del self._devices[next(iter(self._devices))]
        return secret

    def name(self, secret: str | None) -> str | None:
        """Name of a paired device, None for a stranger."""
        # A dictionary's look-up may leak, by its time, that a hash is unknown; of 256 random bits that says nothing.
        return self._devices.get(secret or "")


def new_token() -> str:
    """A random token such as "7K2QF-9MXWA"."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{letters[:5]}-{letters[5:]}"


def normalised(token: str) -> str:
    """A token as it was typed, without dashes, spaces and case."""
    return "".join(token[: 4 * LENGTH].split()).replace("-", "").upper()
