"""Closed dossiers put away whole, kept as long as the law says, deleted with proof.

``commands`` moves and restores, ``holds`` and ``deletion`` decide what may go, ``check`` proves it.
Knows no web and no queue.
"""
