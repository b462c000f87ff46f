"""Which commit a checkpoint is said to be of."""

import subprocess

import pytest

from stn_core.experiments import provenance


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with a package's one file, which is taken for this package's."""
    monkeypatch.delenv("STN_COMMIT", raising=False)

    def git(*arguments):
        person = ("-c", "user.name=A", "-c", "user.email=a@b.c")
        subprocess.run(["git", *person, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    (tmp_path / "package" / "experiments").mkdir(parents=True)
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "README").write_text("a project")
    git("add", "README")
    git("commit", "-m", "a project")
    place = tmp_path / "package" / "experiments" / "provenance.py"
    monkeypatch.setattr(provenance, "__file__", str(place))
    return git


def test_source_that_git_keeps_has_its_commit_and_a_mark_once_it_is_changed(repository, tmp_path):
    repository("add", "package")
    repository("commit", "-m", "the package")
    said = provenance.commit()
    assert len(said) == 12 and int(said, 16)
    (tmp_path / "package" / "__init__.py").write_text("1")
    assert provenance.commit() == said + "+"


def test_source_inside_another_project_s_repository_has_none(repository):
    assert provenance.commit() == "unknown"
