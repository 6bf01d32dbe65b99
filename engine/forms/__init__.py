"""Forms: form-js JSON → what is shown, what is accepted. Knows no web page and no database."""

from engine.forms.form import Form, compile_form
from engine.forms.view import ErrorView, FieldView, FormView

__all__ = ["ErrorView", "FieldView", "Form", "FormView", "compile_form"]
