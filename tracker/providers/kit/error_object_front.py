"""Refusals as clients made by Stainless read them, for gateways of new-api's kind.

Sources: https://github.com/openai/openai-python (3.57.0) and https://github.com/QuantumNous/new-api
(dto/error.go), read 2026-11.
"""

from collections.abc import Mapping
from types import MappingProxyType

from tracker.providers.kit.front_answers import GATEWAY_CODES, STATUSES
from tracker.providers.kit.plain_front import PlainFront
from tracker.providers.ports.front_call import Fault, FrontAnswer, FrontCall, FrontRefusal

_CODES: Mapping[Fault, str] = MappingProxyType(
    {
        **GATEWAY_CODES,
        Fault.NO_KEY: "invalid_api_key",
        Fault.BAD_KEY: "invalid_api_key",
        Fault.EXPIRED_KEY: "invalid_api_key",
        Fault.EARLY_KEY: "invalid_api_key",
        Fault.RATE_LIMITED: "rate_limit_exceeded",
    }
)
"""Of all other faults: their own name."""


class ErrorObjectFront(PlainFront):
    """A front whose errors are an object `error`. A class gives the rest of a front."""

    heeds_should_retry = True

    def refuse(
        self, refusal: FrontRefusal, request_id: str, call: FrontCall | None = None
    ) -> FrontAnswer:
        """Answer with the object, and with the code and message of gateways beside it."""
        del request_id, call
        status = 400 if refusal.fault is Fault.INVALID else STATUSES[refusal.fault]
        code = _CODES.get(refusal.fault, refusal.fault.value)
        param = refusal.fields[0].path if refusal.fields else None
        kind = "invalid_request_error" if status < 500 else "server_error"
        error = {"message": refusal.message, "type": kind, "param": param, "code": code}
        return FrontAnswer({"error": error, "code": code, "message": refusal.message}, status)
