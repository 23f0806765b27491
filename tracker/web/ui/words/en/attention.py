"""Words of the page of what needs a person."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "attention.title": "Needs you",
    "attention.looked": "looked at",
    "attention.again": "Look again",
    "attention.settled": "settled",
    "attention.new": ("{n} more needs you: show", "{n} more need you: show"),
    "attention.empty": "Nothing needs you. Whatever does will stand here.",
    "attention.spent": (
        "{n} budget is used up: new tasks that it covers are refused.",
        "{n} budgets are used up: new tasks that they cover are refused.",
    ),
    "attention.since": "Since",
    "attention.last": "last",
    "attention.failing": "failing since",
    "attention.conditions": (
        "trouble of an account or the service",
        "troubles of accounts or the service",
    ),
    "attention.conditions.why": "Something about the account or the service stands in the way of"
    " all its tasks.",
    "attention.endpoints": (
        "endpoint does not take its deliveries",
        "endpoints do not take their deliveries",
    ),
    "attention.endpoints.why": "Subscribers behind them hear nothing; their deliveries are kept."
    " Mend the receiver and press Test. What an active one missed is sent on its own, what a"
    " paused one missed once you resume it.",
    "attention.uncertain": ("uncertain task", "uncertain tasks"),
    "attention.uncertain.why": "They may exist at the provider and be billed: the answer to their"
    " submit was lost. Nothing submits them again until this is known. Refresh asks the"
    " provider once more, where it can be asked; Resolve lets you say what you found there.",
    "attention.overdue": ("overdue task", "overdue tasks"),
    "attention.overdue.why": "Still open after their deadline. Refresh asks the provider now. One"
    " that is still queued is sent when the provider can be reached and its account has a free slot;"
    " Cancel ends it. The task's page says what it waits for and when it expires.",
    "attention.blocked": ("task waits for its caller", "tasks wait for their caller"),
    "attention.blocked.why": "The provider goes on only after another call of whoever submitted"
    " them. They do not expire meanwhile.",
    "attention.without_result": (
        "succeeded task without a result",
        "succeeded tasks without a result",
    ),
    "attention.without_result.why": "The provider says that they succeeded and names nothing to"
    " fetch; it is asked on. Refresh asks it now; Dismiss takes them off this list.",
    "attention.denied": ("accepted task, then denied", "accepted tasks, then denied"),
    "attention.denied.why": "The provider took them, and does not know them any more. They are"
    " still asked about. Look there whether they were billed; Resubmit makes them anew, Dismiss"
    " takes them off this list.",
    "attention.doubtful": ("doubtful failure", "doubtful failures"),
    "attention.doubtful.why": "They failed in a way that is known to be taken back; they are asked"
    " about until it is certain. Refresh asks now; Dismiss takes them off this list.",
    "attention.lost_files": ("task with a lost file", "tasks with a lost file"),
    "attention.lost_files.why": "In the last day a file of their result could not be fetched while its"
    " address lived, or our copy is gone. Open one: Fetch again tries once more. Dismiss takes"
    " them off this list.",
    "attention.conflict": ("callback contradicts a verdict", "callbacks contradict a verdict"),
    "attention.conflict.why": "The task had ended otherwise. The first verdict stands. Compare the two,"
    " then dismiss it.",
    "attention.mismatch": (
        "callback names different tasks",
        "callbacks name different tasks",
    ),
    "attention.mismatch.why": "Their ids belong to different tasks, so they were applied to none."
    " Open one to see which; attach it or dismiss it.",
    "attention.unknown_task": ("callback of an unknown task", "callbacks of unknown tasks"),
    "attention.unknown_task.why": "No task of yours has their ids. Attach them to the task that"
    " they belong to, or dismiss them.",
    "attention.words": ("status word nobody knows", "status words nobody knows"),
    "attention.words.why": "The provider uses words that this release does not know; such"
    " callbacks moved nothing. Their tasks are still asked about. Show lists them; Dismiss"
    " takes a word off this list. A later release may know it.",
    "attention.malformed": ("malformed callback", "malformed callbacks"),
    "attention.malformed.why": "They came to a genuine address and cannot be read. Open one to see its"
    " bytes, then dismiss it.",
    "attention.forged": ("{n} forged callback", "{n} forged callbacks"),
    "attention.forged.why": "They came to no address of yours, or with a wrong signature, in the"
    " last day. They were applied to nothing. If a provider of yours sent them, the secrets of"
    " callbacks have changed since; if not, there is nothing to do. Of many alike only some are kept"
    " to look at.",
    "attention.forged.settled": "nothing left to look at",
    "attention.forged.table": "Forged callbacks by kind",
    "attention.forged.subject": "Task in the address",
    "attention.forged.sender": "Sender",
    "attention.forged.count": "Count",
    "attention.forged.last": "Last",
    "attention.provider": "Provider",
    "attention.its-task": "its task",
    "attention.one-task": "a task with it",
    "attention.show": "Show",
    "attention.show-all": "Show all {n}",
    "attention.more": ("and {n} more", "and {n} more"),
    "attention.refresh-all": "Refresh {n}",
    "attention.dismiss-all": ("Dismiss {n}", "Dismiss all {n}"),
    "attention.day": "Last 24 hours",
    "attention.not-whole": "More ended lately than is counted here yet: no worker is running.",
    "attention.succeeded": "succeeded",
    "attention.failed": "failed",
    "attention.expired": "expired",
    "attention.cancelled": "cancelled",
    "attention.success": "success rate",
    "attention.by-callback": "ended by a callback",
    "attention.took": "time to the end",
    "attention.cost": "cost",
    "attention.hours": "The hours as a table",
    "attention.hour": "Hour",
    "attention.column": "{hour}: {ok} succeeded, {bad} failed",
    "attention.quiet": "No task ended in the last 24 hours.",
    "condition.account.mend": "Check the account's key, balance, limits and address;"
    " “Provider” leads to a button that asks it one harmless query, which proves the key and"
    " the address alone. What waits is sent by itself; what was refused can be resubmitted.",
    "condition.callbacks_degraded": "callbacks stay away",
    "condition.account_ailing": "submits fail",
    "condition.account_refused": "the provider refuses the account",
    "condition.account_standstill": "nothing moves",
    "condition.account_missing": "not in the settings",
    "condition.account_token_refused": "no token is given out",
    "condition.writes_stalled": "the database takes no writes",
    "condition.no_worker": "no worker is running",
    "condition.secrets_differ": "processes have different secrets",
    "condition.clock_skew": "clocks differ",
    "condition.clock_stepped": "a clock was set",
    "condition.database_changed": "another database",
    "condition.chore_behind": "a chore is far behind",
    "condition.chore_failing": "a chore fails",
    "condition.retention_behind": "retention is behind",
    "condition.recovering": "being recovered from a backup",
    "condition.restoring": "a restore has not ended",
    "condition.assets_disk_low": "files of results cannot be kept",
    "condition.archive_failing": "the archive takes nothing",
    "condition.retention_waits": "retention must be approved",
}
