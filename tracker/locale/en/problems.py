"""The meaning of each problem type, and the remedy."""

from collections.abc import Mapping
from types import MappingProxyType

from tracker.locale.explanation import Explanation

EXPLANATIONS: Mapping[str, Explanation] = MappingProxyType(
    {
        "malformed-request": Explanation(
            "The request cannot be read",
            "The body is not JSON, a query parameter is unknown or given twice, or a cursor belongs"
            " to another list.",
            "Correct what `errors` names; each entry has the `path` and the `reason`. The same"
            " request will be refused again.",
        ),
        "disconnected": Explanation(
            "The client disconnected",
            "The connection ended before the whole request was there. Only the log shows this.",
            "Send the request again; with an `Idempotency-Key` no task is made twice.",
        ),
        "unauthenticated": Explanation(
            "A valid API key is required",
            "No key came, or it is unknown, revoked or expired; or a proxy passed the request on"
            " and no key exists yet. `WWW-Authenticate` says which.",
            "Send `Authorization: Bearer KEY`. Make a key on the service's machine:"
            " `tracker keys create`.",
        ),
        "callback-unproven": Explanation(
            "The callback's signature is missing or wrong",
            "The account has a webhook secret, and this callback is unsigned, signed with another"
            " secret, or more than five minutes old. It is kept as a `forged` receipt.",
            "Set the secret of the provider's console as the account's webhook secret (two during"
            " a rotation), and check the clocks. Verdicts that are missed are polled for.",
        ),
        "forbidden": Explanation(
            "The key lacks a permission",
            "The key is valid and does not have the scope that `detail` names.",
            "Use a key with that scope: `tracker keys create --scope SCOPE`.",
        ),
        "foreign-page": Explanation(
            "A page of another site may not do this",
            "No key is asked for on this machine, and a browser sent the request for a page of"
            " another site.",
            "Make a key and send it, or call from a program or from a page of this service.",
        ),
        "not-found": Explanation(
            "Not found",
            "The address is not one of the service's, or the object does not exist, or it belongs"
            " to another tenant. The last two are answered alike on purpose.",
            "Check the id and the path ([HTTP](http.md)), and that the key is of the right tenant.",
        ),
        "method-not-allowed": Explanation(
            "The method is not allowed here",
            "The path exists, and not for this method.",
            "Use one of the methods in the `Allow` field of the answer.",
        ),
        "body-too-slow": Explanation(
            "The body did not arrive in time",
            "It was not whole within `TRACKER_BODY_TIMEOUT_S`, or a large one only dripped.",
            "Send it again; for large bodies over slow lines give a URL instead of base64.",
        ),
        "head-too-slow": Explanation(
            "The head of the request did not arrive in time",
            "The request's first line and header fields were not complete in time.",
            "Send it again; check the network, and that nothing holds the request back.",
        ),
        "conflict": Explanation(
            "Conflict with the current state",
            "What is asked does not fit the state that `detail` names: an `external_task_id` that"
            " exists, a task that cannot be cancelled or resubmitted any more.",
            "Read the object and decide again. Repeating the request changes nothing.",
        ),
        "being-sent": Explanation(
            "The task is being sent",
            "A request to the provider is under way at this moment, so that it cannot be said"
            " whether the task can still be cancelled.",
            "Ask again after the time in `Retry-After`.",
        ),
        "idempotency-key-in-flight": Explanation(
            "The first request with this Idempotency-Key is still running",
            "Two requests with one `Idempotency-Key` came at the same time.",
            "Repeat the request after the time in `Retry-After`: it is answered with the task of"
            " the first.",
        ),
        "idempotency-key-reused": Explanation(
            "The Idempotency-Key belongs to another request",
            "This `Idempotency-Key` came before, with another body.",
            "Use a new key for a new request, and the same key only for a repeat of the same one.",
        ),
        "cursor-too-old": Explanation(
            "The feed does not hold what follows this cursor",
            "Changes behind the cursor are not all kept any more, or an older database was"
            " restored.",
            "List the tasks (`GET /v1/tasks`), then follow the changes from `after=now`.",
        ),
        "gone": Explanation(
            "It is not kept any more",
            "It was there, and retention has dropped it: settings named `TRACKER_KEEP_…` say after"
            " how long.",
            "Keep what you need by then, or have the operator keep it longer. Asking again does not"
            " bring it back.",
        ),
        "task-gone": Explanation(
            "The task is not kept any more",
            "The task was there, and retention has dropped it (`TRACKER_KEEP_TASKS`). `state` and"
            " `finished_at` say how it had ended.",
            "Take the final state from here. Its result, history and input are gone.",
        ),
        "input-gone": Explanation(
            "The task's input is not kept any more",
            "A task was to be submitted again, and retention has dropped its input"
            " (`TRACKER_KEEP_INPUTS`).",
            "Submit the input as a new task.",
        ),
        "body-too-large": Explanation(
            "The body is too large",
            "The body has more bytes than `TRACKER_MAX_BODY_BYTES`, or a callback more than"
            " `TRACKER_CALLBACK_MAX_BYTES`.",
            "Give images as URLs instead of base64, or raise the limit.",
        ),
        "url-too-long": Explanation(
            "The URL is too long",
            "The path and query are longer than the service reads.",
            "Ask for fewer things at once; `POST /v1/tasks/query` takes 500 ids in its body.",
        ),
        "wrong-media-type": Explanation(
            "The body must be JSON",
            "`Content-Type` names something other than JSON.",
            "Send `Content-Type: application/json`.",
        ),
        "invalid-request": Explanation(
            "The request is invalid",
            "The body was read, and some fields are wrong. Nothing was recorded.",
            "Correct what `errors` names; each entry has the `path` and the `reason`, all wrong"
            " fields at once.",
        ),
        "budget-exceeded": Explanation(
            "The budget is used up",
            "The task would exceed a budget of the tenant or of the key. Nothing was recorded, and"
            " nothing was sent to the provider.",
            "Wait for the next day or month of the budget, or have an operator raise it"
            " (`tracker budgets set`). `GET /v1/costs` says what was spent.",
        ),
        "rate-limited": Explanation(
            "Too many requests",
            "The key has used up its requests of this minute (`RateLimit` says what is left).",
            "Wait as long as `Retry-After` says. Instead of asking again and again, wait for news:"
            " `?wait=N`, the change feed, or a webhook.",
        ),
        "head-too-large": Explanation(
            "The head of the request is too large",
            "The header fields together, or one of them, are larger than the service reads.",
            "Leave out what is not needed: cookies, tokens, tracing fields.",
        ),
        "unsupported-encoding": Explanation(
            "Encoding not supported",
            "The body is compressed in a way that is not read here, or more than three times.",
            "Send it plain, or with the `Content-Encoding` `gzip` or `deflate`; files and what is "
            "passed on, plain.",
        ),
        "internal-error": Explanation(
            "Internal error",
            "A fault of the service. The details are in its log under the `request_id`.",
            "Try again once; then send the `request_id` to whoever runs the service.",
        ),
        "recovering": Explanation(
            "Being recovered from a backup",
            "The service was restored from a backup and finds out what was submitted since."
            " Reads and callbacks work, new tasks are not taken. Nothing was recorded.",
            "Try again after `Retry-After`, with the same `Idempotency-Key`. Whoever runs the"
            " service: `tracker recover` says how far it is, `tracker recover --done` ends it.",
        ),
        "unavailable": Explanation(
            "Temporarily unavailable",
            "The database does not answer or takes no writes now, or the keys cannot be fetched"
            " that a callback is signed with. Nothing was acknowledged.",
            "Try again after `Retry-After`, with the same `Idempotency-Key`. Whoever runs the"
            " service: look at `/readyz` and `tracker doctor`.",
        ),
    }
)
"""By the last part of `type`, in the order of their statuses."""
