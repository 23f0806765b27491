"""The inputs of a table-driven adapter: its create paths, and what may stand in their bodies."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from tracker.domain.errors import FieldError, InvalidRequest
from tracker.domain.validation import list_field_errors
from tracker.providers.kit.set_fields import set_fields
from tracker.providers.ports.account import Account
from tracker.providers.ports.adapter import NO_SUCH_OPERATION, Request


@dataclass(frozen=True, slots=True)
class CreatePath:
    """A create path.

    path:   below the base URL; `{field}` stands for a field of the input, which is then not sent
            in the body.
    inputs: the model of the input. Fields that it does not know are passed on.
    """

    path: str
    inputs: type[BaseModel]


class OpenInputs(BaseModel):
    """A model of inputs whose unnamed fields are passed on."""

    model_config = ConfigDict(extra="allow", strict=True)


class InputTable:
    """Checks inputs by a table.

    creates:     by operation.
    url_field:   of the create's body, for our callback URL; None where there is none.
    most_url_chars: of a caller's own callback URL; None where the provider sets no limit.
    id_field:    of the create's body, for our external id; None where it has no place.
    """

    creates: ClassVar[Mapping[str, CreatePath]]
    url_field: ClassVar[str | None] = None
    most_url_chars: ClassVar[int | None] = None
    id_field: ClassVar[str | None] = None

    @property
    def operations(self) -> Collection[str]:
        """Every operation of the table."""
        return self.creates.keys()

    def explain_unserved(self, account: Account, operation: str) -> str | None:
        """Look the operation up."""
        del account
        return None if operation in self.creates else NO_SUCH_OPERATION

    def get_input_model(self, operation: str) -> type[BaseModel] | None:
        """Return the model that stands in the table."""
        found = self.creates.get(operation)
        return None if found is None else found.inputs

    def check(self, operation: str, input_: Mapping[str, Any]) -> Request:
        """Validate by the operation's model, and leave out what is not set."""
        given = set_fields(self.creates[operation].inputs, input_)
        external, wrong_id = _take_out(given, self.id_field)
        callback_url, wrong_url = _take_out(given, self.url_field)
        wrong = [*wrong_id, *wrong_url, *self._find_length_flaws(callback_url)]
        try:
            self.creates[operation].inputs.model_validate(given)
        except ValidationError as error:
            wrong += list_field_errors(error, given)
        if wrong:
            raise InvalidRequest(*wrong)
        return Request(given, external, callback_url)

    def _find_length_flaws(self, callback_url: str | None) -> Sequence[FieldError]:
        most = self.most_url_chars
        if most is None or callback_url is None or len(callback_url) <= most:
            return ()
        return [FieldError(self.url_field or "", f"at most {most} characters")]


def _take_out(given: dict[str, Any], name: str | None) -> tuple[str | None, Sequence[FieldError]]:
    """Take a text of ours out of an input, and say what is wrong with it; empty is not set."""
    value = given.pop(name, None) if name is not None else None
    if name is None or value is None or isinstance(value, str):
        return value or None, ()
    return None, [FieldError(name, "must be a string")]
