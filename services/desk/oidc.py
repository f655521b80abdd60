"""Sign-in with the department's accounts: OpenID Connect, authorization code flow with PKCE (RFC 7636).

The ID token comes straight from the issuer's token endpoint, over TLS, in answer to our own request; so the connection
proves who issued it, and its signature need not be looked at (OpenID Connect Core 1.0, 3.1.3.7, point 6).
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
import orjson

from services.desk.settings import DeskSettings
from services.runtime.now import now_ms

__all__ = ["Oidc", "SignInFailed", "Vouched"]

_LEEWAY_MS = 60_000
_SECONDS = 10


class SignInFailed(Exception):
    """Why nobody could be signed in; without identity."""


class Vouched(NamedTuple):
    """Whom the issuer has vouched for. `account` is made of the issuer's id for them: no name, no address."""

    account: str
    unit: str
    role: str


class Oidc:
    """The flow with one issuer. `transport`: another way than the network, for tests."""

    def __init__(self, settings: DeskSettings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        assert settings.oidc_issuer is not None and settings.oidc_client_id is not None
        self._settings = settings
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._client_id = settings.oidc_client_id
        self._transport = transport
        self._back = f"{settings.address.rstrip('/')}/sign-in/back"

    async def begin(self) -> tuple[str, str]:
        """(where to send the browser, what its cookie is to keep). Raises SignInFailed."""
        about = await self._about()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._back,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{about['authorization_endpoint']}?{urlencode(asked)}", f"{state}.{nonce}.{verifier}"

    async def finish(self, kept: str, state: str, code: str) -> Vouched:
        """Whom the code stands for. Raises SignInFailed."""
        parts = kept.split(".")
        if len(parts) != 3 or not code or not hmac.compare_digest(parts[0].encode(), state.encode()):
            raise SignInFailed("the answer does not belong to a question of this browser")
        _, nonce, verifier = parts
        claims = _claims(await self._token(code, verifier))
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if str(claims.get("iss", "")).rstrip("/") != self._issuer or self._client_id not in audiences:
            raise SignInFailed("the ID token is of another issuer, or for another client")
        if len(audiences) > 1 and claims.get("azp") != self._client_id:
            raise SignInFailed("the ID token is for several, and was not asked for by this desk")
        if not isinstance(claims.get("exp"), int | float) or claims["exp"] * 1000 + _LEEWAY_MS < now_ms():
            raise SignInFailed("the ID token has run out")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise SignInFailed("the ID token answers another question")
        subject = claims.get("sub")
        unit = claims.get(self._settings.oidc_unit_claim)
        role = claims.get(self._settings.oidc_role_claim, "worker")
        if not all(isinstance(value, str) and value for value in (subject, unit, role)):
            raise SignInFailed(f"the ID token does not say {self._settings.oidc_unit_claim} as one word")
        digest = hashlib.sha256(f"{self._issuer}|{subject}".encode()).hexdigest()
        return Vouched(f"oidc.{digest[:24]}", str(unit), str(role))

    async def _about(self) -> Mapping[str, Any]:
        about = await self._ask("GET", f"{self._issuer}/.well-known/openid-configuration")
        if str(about.get("issuer", "")).rstrip("/") != self._issuer:
            raise SignInFailed("the issuer calls itself by another name")
        if not all(isinstance(about.get(name), str) for name in ("authorization_endpoint", "token_endpoint")):
            raise SignInFailed("the issuer does not say where to ask")
        if self._issuer.startswith("https://") and not about["token_endpoint"].startswith("https://"):
            raise SignInFailed("the issuer's token endpoint is not https, which is what proves who answers there")
        return about

    async def _token(self, code: str, verifier: str) -> str:
        about = await self._about()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._back,
            "client_id": self._client_id,
            "code_verifier": verifier,
        }
        if self._settings.oidc_client_secret is not None:
            form["client_secret"] = self._settings.oidc_client_secret.get_secret_value()
        answer = await self._ask("POST", about["token_endpoint"], form)
        if not isinstance(answer.get("id_token"), str):
            raise SignInFailed("the issuer gave no ID token")
        token: str = answer["id_token"]
        return token

    async def _ask(self, method: str, url: str, form: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        try:
            async with httpx.AsyncClient(timeout=_SECONDS, transport=self._transport) as client:
                answer = await client.request(method, url, data=form)
            said = orjson.loads(answer.content) if answer.is_success else None
        except (httpx.HTTPError, httpx.InvalidURL, orjson.JSONDecodeError) as fault:
            raise SignInFailed(f"the issuer does not answer as it should ({type(fault).__name__})") from None
        if not isinstance(said, dict):
            raise SignInFailed(f"the issuer refused ({answer.status_code})")
        return said


def _claims(token: str) -> Mapping[str, Any]:
    parts = token.split(".")
    try:
        claims = orjson.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError):
        raise SignInFailed("the ID token is none") from None
    if not isinstance(claims, dict):
        raise SignInFailed("the ID token is none")
    return claims
