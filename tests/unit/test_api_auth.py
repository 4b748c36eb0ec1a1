"""The API token: made once, private, never a default."""

import stat

import pytest

from controller.api.auth import TOKEN_FILE, TokenError, load_or_create_token


def test_the_token_is_made_at_first_start_for_the_owner_only_and_then_kept(tmp_path):
    token = load_or_create_token(tmp_path / "data")
    path = tmp_path / "data" / TOKEN_FILE
    assert len(token) >= 43
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_create_token(tmp_path / "data") == token


def test_two_sites_have_two_tokens(tmp_path):
    assert load_or_create_token(tmp_path / "a") != load_or_create_token(tmp_path / "b")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_token_that_others_can_read_is_refused(tmp_path, mode):
    load_or_create_token(tmp_path)
    (tmp_path / TOKEN_FILE).chmod(mode)
    with pytest.raises(TokenError, match="others can read it; remove the file"):
        load_or_create_token(tmp_path)


@pytest.mark.parametrize("text", ["", "admin", "a" * 31, "\x00" * 40, "Ä" * 40])
def test_a_token_that_can_be_guessed_or_sent_wrongly_is_refused(tmp_path, text):
    (tmp_path / TOKEN_FILE).write_text(text, encoding="utf-8")
    (tmp_path / TOKEN_FILE).chmod(0o600)
    with pytest.raises(TokenError, match="not a token"):
        load_or_create_token(tmp_path)


def test_a_link_in_place_of_the_token_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").write_text("x" * 40, encoding="utf-8")
    (tmp_path / "elsewhere").chmod(0o600)
    (tmp_path / TOKEN_FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TokenError, match="can not be read"):
        load_or_create_token(tmp_path)
