"""Words of previews of results."""

from tracker.web.ui.frame.words import Words

WORDS: Words = {
    "media.task": "The task",
    "media.open": "Open at the provider",
    "media.failed": "It cannot be shown here: see why",
    "media.nothing": "There is no file",
    "media.nothing.why": "This piece of the result has no address that a browser could open.",
    "media.gone": "Gone at the provider",
    "media.gone.why": "The address of this file has expired, and no copy of it was kept here.",
    "media.forbidden": "Not opened",
    "media.forbidden.why": "Its address leads where no address of others may lead from this "
    "service.",
    "media.type": "Not shown here",
    "media.type.why": "It is none of the media that are shown, or its bytes are not what it is "
    "declared as.",
    "media.large": "Too large to be shown",
    "media.large.why": "Files of more than 512 MiB are not passed on.",
    "media.busy": "Others are being shown",
    "media.busy.why": "This process passes four files on at a time: try again in a moment.",
    "media.unreachable": "Not to be had now",
    "media.unreachable.why": "The provider did not hand it out.",
    "action.fetch": "Fetch again",
    "done.fetch": "The file is being fetched once more.",
}
