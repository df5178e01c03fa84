"""Errors: one tree, each also the builtin error it resembles."""

from __future__ import annotations

import pytest

from verikit import errors


@pytest.mark.parametrize(
    ("kind", "builtin"),
    [
        (errors.MediaError, ValueError),
        (errors.MissingToolError, ImportError),
        (errors.IncompatibleError, TypeError),
        (errors.AuditError, Exception),
    ],
)
def test_every_error_is_caught_by_the_root_and_by_the_builtin_it_resembles(kind, builtin):
    for caught in (errors.VerikitError, builtin):
        with pytest.raises(caught, match="told"):
            raise kind("told")


def test_the_tree_is_what_the_module_offers():
    offered = {getattr(errors, name) for name in errors.__all__}
    assert {kind for kind in offered if kind is not errors.VerikitError} == set(errors.VerikitError.__subclasses__())


def test_an_audit_error_gathers_its_problems_and_names_them_all():
    error = errors.AuditError("the package does not hold", problems=["a.txt: changed", "b.txt: missing"])
    assert error.problems == ("a.txt: changed", "b.txt: missing")
    assert str(error) == "the package does not hold: a.txt: changed; b.txt: missing"
    assert errors.AuditError("alone").problems == ()
    assert str(errors.AuditError("alone")) == "alone"
