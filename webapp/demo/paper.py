"""A one-page PDF that stands for a citizen's paper in the demo, and says that it is a sample."""

from __future__ import annotations

from functools import lru_cache

from engine.dossiers.commands import plain


@lru_cache(maxsize=32)
def blank_paper(name: str) -> bytes:
    """An A4 page with the paper's name, without diacritics: the page carries no font of its own."""
    title = plain(name).upper().encode("ascii", "replace").decode()[:70]
    title = title.replace("\\", "").replace("(", "").replace(")", "")
    text = (
        f"BT /F1 16 Tf 60 760 Td ({title}) Tj "
        "/F1 11 Tf 0 -30 Td (BAN MAU, KHONG CO GIA TRI PHAP LY) Tj ET"
    )
    objects = (
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
        " /Resources << /Font << /F1 4 0 R >> >> >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        f"<< /Length {len(text)} >>\nstream\n{text}\nendstream",
    )
    page = "%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(page))
        page += f"{number} 0 obj\n{body}\nendobj\n"
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    page += (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(page)}\n%%EOF\n"
    )
    return page.encode("ascii")
