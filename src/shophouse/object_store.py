"""Buckets of S3 and what speaks its protocol, of Azure and of Google Cloud, through one library.

Every request that isn't answered, or is answered with "slow down", is tried again with growing pauses by the library;
what lasts longer is for the caller to try again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from shophouse.errors import ConfigError
from shophouse.settings import StorageSettings

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["EXTRA", "Refusal", "connect", "refusal", "upload"]

EXTRA: Final = 'pip install "shophouse[object-storage]"'

Kind: TypeAlias = Literal["unreachable", "forbidden", "no_bucket", "missing", "changed", "wrong"]


@dataclass(frozen=True)
class Refusal:
    """Why a request failed.

    `kind` is unreachable where trying again may help, forbidden (credentials or rights), no_bucket, missing (the
    object), changed (the object is another one than the request named), or wrong (what the project says can't be).
    `why` is what the server said in a line, without anything secret.
    """

    kind: Kind
    why: str
    hint: str


def connect(url: str, storage: StorageSettings, *, retries: int = 4) -> ObjectStore:
    """The store of the bucket of `url`, as `s3://bucket`; with a path behind it, the objects below that.

    Nothing is asked of the server yet. Raises ConfigError when the library is missing or a setting makes no sense.
    """
    try:
        from obstore.store import from_url
    except ImportError as error:
        raise ConfigError(f"{url} needs a library that is not installed", why=str(error), hint=EXTRA) from None
    scheme = urlsplit(url).scheme
    options: dict[str, Any] = _OPTIONS[scheme](storage)
    if "@" in url:
        # abfss://container@account.… names the account itself
        options.pop("account_name", None)
    endpoint = storage.endpoint or (os.environ.get("AWS_ENDPOINT_URL", "") if scheme == "s3" else "")
    try:
        return from_url(
            url,
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=10),
                # of a whole request, with its body
                "timeout": timedelta(seconds=300),
            },
            retry_config={
                "max_retries": retries,
                "backoff": {
                    "init_backoff": timedelta(milliseconds=100),
                    "max_backoff": timedelta(seconds=10),
                    "base": 3,
                },
                "retry_timeout": timedelta(seconds=120),
            },
            **options,
        )
    except Exception as error:
        # obstore has no class of its own for all that it refuses
        raise ConfigError(f"{url} can't be opened", why=_said(error), hint="look at its `storage:` settings") from None


def upload(files: Sequence[Path], url: str) -> None:
    """Put files under their own names below `url`. Credentials and all else come from the environment.

    Raises ConfigError when the bucket can't be written.
    """
    import obstore
    from obstore.exceptions import BaseError

    store = connect(url, StorageSettings())
    for file in files:
        try:
            obstore.put(store, file.name, file)
        except (BaseError, FileNotFoundError) as error:
            found = refusal(error)
            raise ConfigError(f"{url}/{file.name} can't be written", why=found.why, hint=found.hint) from error


def refusal(error: Exception) -> Refusal:
    """What a request's error means, and what to type. `error` is what obstore raised."""
    from obstore.exceptions import PermissionDeniedError, PreconditionError, UnauthenticatedError

    text, said, code = str(error), _said(error), _code(error)
    for codes, kind, hint in _KNOWN:
        if code in codes:
            return Refusal(kind, said, hint)
    if "169.254.169.254" in text or "metadata.google.internal" in text:
        return Refusal("forbidden", "no credentials were found", _CREDENTIALS)
    if "URL scheme is not allowed" in text or "builder error" in text:
        return Refusal("wrong", said, "an endpoint is written as   https://host:port")
    if isinstance(error, PreconditionError):
        return Refusal("changed", said, "")
    if isinstance(error, FileNotFoundError):
        return Refusal("missing", said, "")
    if isinstance(error, (PermissionError, PermissionDeniedError, UnauthenticatedError)) or re.search(
        r"status code: 40[13]", text
    ):
        return Refusal("forbidden", said, _RIGHTS)
    if "status code: 301" in text or "status code: 307" in text:
        return Refusal("wrong", said, _REGION)
    return Refusal("unreachable", said, "is the endpoint right, and does it answer?")


_CREDENTIALS = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name them under `storage:` (access_key: env:NAME, "
    "secret_key: env:NAME, or profile: name); for Azure AZURE_STORAGE_ACCOUNT_KEY, for Google "
    "GOOGLE_APPLICATION_CREDENTIALS; for a public bucket   anonymous: true"
)
_RIGHTS = "the credentials need the right to list the bucket and to read its objects"
_REGION = "say the bucket's region under `storage:`, as   region: eu-central-1"
_KNOWN: tuple[tuple[frozenset[str], Kind, str], ...] = (
    (
        frozenset({"NoSuchBucket", "ContainerNotFound", "InvalidBucketName", "InvalidResourceName"}),
        "no_bucket",
        "is its name right, and the endpoint?",
    ),
    (frozenset({"PreconditionFailed", "ConditionNotMet"}), "changed", ""),
    (frozenset({"NoSuchKey", "BlobNotFound", "NoSuchVersion"}), "missing", ""),
    (
        frozenset({"RequestTimeTooSkewed", "RequestExpired"}),
        "forbidden",
        "this machine's clock is wrong: set it (timedatectl set-ntp true)",
    ),
    (
        frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthenticationFailed", "ExpiredToken"})
        | {"InvalidToken", "TokenRefreshRequired", "InvalidAuthenticationInfo"},
        "forbidden",
        "look at the credentials: the key, its secret and, where there is one, the session's token",
    ),
    (
        frozenset({"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"})
        | {"AuthorizationQueryParametersError"},
        "wrong",
        _REGION,
    ),
    (frozenset({"AccessDenied", "AllAccessDisabled", "AuthorizationPermissionMismatch"}), "forbidden", _RIGHTS),
    (frozenset({"NoAuthenticationInformation", "PublicAccessNotPermitted", "ResourceNotFound"}), "forbidden", _RIGHTS),
)


def _code(error: Exception) -> str:
    found = re.search(r"<Code>(\w+)</Code>", str(error))
    return found[1] if found else ""


def _said(error: Exception) -> str:
    """What the server said in a line. obstore adds a dump of its own state, and S3 what was signed."""
    text = str(error).split("\n\nDebug source")[0]
    if code := _code(error):
        message = re.search(r"<Message>(.*?)</Message>", text, re.DOTALL)
        text = f"{code}: {unescape(message[1]).splitlines()[0]}" if message and message[1] else code
    text = re.sub(r"Error performing [A-Z]+ \S+ in .*? - ", "", " ".join(text.split()))
    return re.sub(r"(?i)\b(sig|signature|x-amz-[\w-]+|token)=[^&\s]+", r"\1=…", text)[:300]


def _secret(**named: Any) -> dict[str, str]:
    return {name: secret.resolve().get_secret_value() for name, secret in named.items() if secret is not None}


def _plain(**named: Any) -> dict[str, Any]:
    return {name: value for name, value in named.items() if value}


def _s3(storage: StorageSettings) -> dict[str, Any]:
    options = {
        **_plain(endpoint=storage.endpoint, region=storage.region, skip_signature=storage.anonymous),
        **_secret(
            access_key_id=storage.access_key,
            secret_access_key=storage.secret_key,
            session_token=storage.session_token,
        ),
    }
    if storage.anonymous or "access_key_id" in options:
        return options
    if storage.profile is None and ("AWS_ACCESS_KEY_ID" in os.environ or not _has_profiles()):
        return options
    return {**options, "credential_provider": _of_profile(storage.profile)}


def _has_profiles() -> bool:
    folder = Path.home() / ".aws"
    named = (("AWS_SHARED_CREDENTIALS_FILE", "credentials"), ("AWS_CONFIG_FILE", "config"))
    return "AWS_PROFILE" in os.environ or any(
        Path(os.environ.get(variable, folder / name)).is_file() for variable, name in named
    )


def _of_profile(profile: str | None) -> Any:
    """What gives the credentials of a profile of AWS' own files, which may be those of single sign-on."""
    try:
        import boto3  # type: ignore[import-untyped]
        from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError as error:
        raise ConfigError("profiles of AWS need a library that is not installed", why=str(error), hint=EXTRA) from None
    try:
        return Boto3CredentialProvider(boto3.Session(profile_name=profile))
    except (BotoCoreError, ValueError) as error:
        raise ConfigError(
            f"there are no credentials in the profile {profile or os.environ.get('AWS_PROFILE', 'default')}",
            why=str(error),
            hint="aws configure list-profiles   shows which there are",
        ) from None


def _azure(storage: StorageSettings) -> dict[str, Any]:
    return {
        **_plain(account_name=storage.account, endpoint=storage.endpoint, skip_signature=storage.anonymous),
        **_secret(account_key=storage.account_key, sas_key=storage.sas_token),
    }


def _google(storage: StorageSettings) -> dict[str, Any]:
    return {
        **_plain(base_url=storage.endpoint, skip_signature=storage.anonymous),
        **_secret(service_account_key=storage.service_account),
    }


_OPTIONS = {"s3": _s3, "az": _azure, "abfs": _azure, "abfss": _azure, "gs": _google}
