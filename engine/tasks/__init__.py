"""User tasks: claim, release, reassign, draft, complete; and the inbox reads."""
