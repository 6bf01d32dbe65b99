"""Draws forms with the real macros and reads them as a browser would post them."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from lxml import html
from werkzeug.datastructures import MultiDict

from engine.forms import FormView

_TEMPLATES = Path(__file__).parents[3] / "webapp" / "templates"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_null_translations(newstyle=True)
    made.filters["spoken"] = str
    return made


ENVIRONMENT = _environment()


def draw(view: FormView, macro: str = "render") -> html.HtmlElement:
    """The element a macro of forms/fields.html makes of the view."""
    template = ENVIRONMENT.from_string(
        '{% import "forms/fields.html" as forms %}<form>{{ forms[macro](view) }}</form>'
    )
    return html.fromstring(template.render(view=view, macro=macro))


def posted(page: html.HtmlElement, press: str | None = None) -> MultiDict:
    """What a browser would send, with the button named ``press``."""
    sent: list[tuple[str, str]] = []
    for control in page.iter("input", "select", "textarea"):
        name, kind = control.get("name"), control.get("type", "text")
        if not name or (kind in ("checkbox", "radio") and control.get("checked") is None):
            continue
        if control.tag == "select":
            chosen = [o for o in control.iter("option") if o.get("selected") is not None]
            sent.append((name, (chosen or list(control.iter("option")))[0].get("value")))
        elif control.tag == "textarea":
            sent.append((name, (control.text or "").removeprefix("\n").replace("\n", "\r\n")))
        else:
            sent.append((name, control.get("value", "")))
    if press:
        (button,) = (b for b in page.iter("button") if b.get("name") == press)
        sent.append((press, button.get("value")))
    return MultiDict(sent)
