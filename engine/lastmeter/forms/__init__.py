"""Forms: a form-js schema compiled to what reads, judges, keeps and shows a submission on the server."""

from lastmeter.forms.compile import Finding, FormRefused, load_form
from lastmeter.forms.form import Form, FormInvalid
from lastmeter.forms.messages import Message
from lastmeter.forms.types import References, Scope

__all__ = ["Finding", "Form", "FormInvalid", "FormRefused", "Message", "References", "Scope", "load_form"]
