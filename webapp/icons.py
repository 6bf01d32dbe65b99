"""The line icons of the pages, one path each on a 24-unit grid. Decoration, never the meaning."""

from markupsafe import Markup, escape

_PATHS = {
    "inbox": "M4 13h4l2 3h4l2-3h4M4 13 6.5 5h11L20 13v5a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1z",
    "folder": "M4 6h5l2 2h9v10a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1zM4 11h16",
    "swap": "M4 9h14m-4-4 4 4-4 4M20 15H6m4 4-4-4 4-4",
    "plus": "M12 5v14M5 12h14",
    "mail": "M4 6h16v12H4zM4 7l8 6 8-6",
    "bell": "M6 16v-5a6 6 0 1 1 12 0v5l2 2H4zM10 21h4",
    "user": "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 4-6 8-6s8 2 8 6",
    "exit": "M14 4H6a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h8M10 12h11m-4-4 4 4-4 4",
    "search": "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM21 21l-5-5",
    "late": "M12 4 2.5 20h19zM12 10v4M12 17v.01",
    "soon": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2",
    "ok": "m5 12 5 5L20 7",
    "paused": "M8 5v14M16 5v14",
    "escalated": "M12 20V5m-6 6 6-6 6 6",
    "next": "m9 6 6 6-6 6",
    "back": "m15 6-6 6 6 6",
    "arrow": "M5 12h14m-5-5 5 5-5 5",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "file": "M14 3H7a1 1 0 0 0-1 1v16a1 1 0 0 0 1 1h10a1 1 0 0 0 1-1V7zM14 3v4h4",
    "upload": "M12 16V5m-5 5 5-5 5 5M5 19h14",
    "history": "M4 12a8 8 0 1 0 2.5-5.8L4 8.5M4 4v4.5h4.5M12 8v4l3 2",
    "diagram": "M4 5h6v5H4zM14 14h6v5h-6zM7 10v6.5h7",
    "info": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8v.01",
    "close": "m6 6 12 12M18 6 6 18",
    "print": "M7 9V4h10v5M7 17H4v-7h16v7h-3M7 14h10v6H7z",
    "globe": "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
    "building": "M5 21V5l7-2 7 2v16M3 21h18M9 9h.01M15 9h.01M9 13h.01M15 13h.01M10 21v-4h4v4",
}


def icon(name: str, css: str = "") -> Markup:
    """An inline SVG hidden from screen readers; the words stand beside it."""
    return Markup(
        '<svg class="icon {}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
        '<path d="{}"/></svg>'
    ).format(escape(css), Markup(_PATHS[name]))  # noqa: S704 - our own paths
