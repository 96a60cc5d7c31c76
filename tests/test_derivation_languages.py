"""Every language says everything: the same messages with the same places, in lines that fit."""

import re
import string

import numpy as np
import pytest

from gradcheck import explain
from gradcheck.analytic import SoftmaxCrossEntropy
from gradcheck.derivation import depart, languages
from gradcheck.derivation.fit import columns
from gradcheck.derivation.fit import lines as broken
from gradcheck.derivation.worked_example import AT, RATE, error

ENGLISH = languages.catalogue("en")
OTHERS = [code for code in languages.available() if code != "en"]
UNTRANSLATED = {"step", "list", "say_space", "check_autograd"}
"""Messages that are made of symbols or names, and may be the same in another language."""


def places(message):
    return {name for _, name, _, _ in string.Formatter().parse(message) if name}


def complaints(messages):
    """What a catalogue lacks, has too much of, or has without its places."""
    yield from (f"{key} is missing" for key in ENGLISH.keys() - messages.keys())
    yield from (f"{key} is not known" for key in messages.keys() - ENGLISH.keys())
    for key in ENGLISH.keys() & messages.keys():
        if places(messages[key]) != places(ENGLISH[key]):
            yield f"{key} has {places(messages[key])}, expected {places(ENGLISH[key])}"


def layer_page(**options):
    def loss(x, W, b):
        z = x @ W + b
        y = np.maximum(z, 0)
        return np.mean(y**2)

    rng = np.random.default_rng(0)
    return explain(loss, "W", {"x": rng.normal(size=(4, 3)), "W": rng.normal(size=(3, 2)), "b": np.ones(2)}).text(
        **options
    )


@pytest.fixture
def w1():
    return explain(error, "w1", AT, rate=RATE, published=0.000438568)


def test_there_are_english_and_chinese():
    assert languages.available() == ["en", "zh"]


@pytest.mark.parametrize("code", OTHERS)
def test_a_catalogue_is_complete(code):
    assert list(complaints(languages.catalogue(code))) == []


def test_an_incomplete_catalogue_is_seen():
    lame = {**ENGLISH, "goal": "?", "more": ""}
    del lame["title"]
    found = sorted(complaints(lame))
    assert [text.split()[0] for text in found] == ["goal", "more", "title"]


@pytest.mark.parametrize("code", OTHERS)
def test_every_sentence_is_translated(code):
    same = {key for key, text in languages.catalogue(code).items() if text == ENGLISH[key]}
    assert same <= UNTRANSLATED


def test_every_message_is_used_somewhere():
    source = "".join(path.read_text(encoding="utf-8") for path in languages._HERE.parent.glob("*.py"))
    built = ("head_", "column_", "against_", "check_", "caption_", "why_", "say_", "note_", "wrong_", "sense_head")
    unused = [key for key in ENGLISH if f'"{key}"' not in source and not key.startswith(built)]
    assert unused == []


def test_chinese_speaks_as_a_textbook_does(w1):
    text = w1.text(lang="zh")
    for word in ("链式法则", "中心差分", "前向传播", "路径", "梯度", "旧值"):
        assert word in text
    assert "学习率" in w1.to_speech(lang="zh")
    assert re.search(r"[a-z]{4,} [a-z]{4,}", re.sub(r"δ|exp|autograd", "", text)) is None  # no English sentence left


@pytest.mark.parametrize("detail", ["brief", "normal", "full"])
@pytest.mark.parametrize("ask", [False, True])
@pytest.mark.parametrize("code", languages.available())
def test_every_language_fits_88_columns(w1, code, detail, ask):
    for page in (w1.text(lang=code, detail=detail, ask=ask), layer_page(lang=code, detail=detail, ask=ask)):
        assert max(map(columns, page.splitlines())) <= 88


@pytest.mark.parametrize("code", languages.available())
def test_the_numbers_are_the_same_in_every_language(w1, code):
    numbers = r"-?\d+\.\d{4,}(?:e[+-]\d+)?"
    assert re.findall(numbers, w1.text(lang=code)) == re.findall(numbers, w1.text(lang="en"))


def test_every_rendering_takes_the_language(w1):
    assert '<html lang="zh">' in w1.to_html(lang="zh")
    assert "链式法则" in w1.to_html(lang="zh")
    assert "链式法则" in w1.markdown(lang="zh")
    assert "旧值" in w1.latex(lang="zh")
    assert r"\documentclass{ctexart}" in w1.latex(form="document", lang="zh")
    assert "偏导数" in w1.to_speech(lang="zh")


def test_a_departure_is_told_in_chinese():
    found = depart(error, wrt="w5", at=AT, given=0.1)
    assert "给定" in found.text(lang="zh")


def test_chinese_has_chinese_punctuation_and_terms(w1):
    x = np.array([[0.5, -1.0, 2.0]])
    page = explain(SoftmaxCrossEntropy(), x, np.array([1]), wrt="x").text(lang="zh")
    for term in ("（经由 total）", "广播", "中心差分", "该层自身的反向传播"):
        assert term in page
    assert "（旧值）" in w1.text(lang="zh")
    assert "；[2] " in w1.text(lang="zh", ask=True).replace("\n", " ")
    assert not re.search(r"[\u4e00-\u9fff][,;:()]", page)


def test_the_environment_chooses_and_the_argument_goes_before_it(w1, monkeypatch):
    monkeypatch.setenv("GRADCHECK_LANG", "zh_CN.UTF-8")
    assert "链式法则" in w1.text()
    assert "链式法则" not in w1.text(lang="en")
    monkeypatch.setenv("GRADCHECK_LANG", "")
    assert "Goal" in w1.text()


def test_ascii_is_english_whatever_is_chosen(w1, monkeypatch):
    monkeypatch.setenv("GRADCHECK_LANG", "zh")
    assert w1.text(ascii=True).isascii()
    assert "Goal" in w1.text(ascii=True)


def test_a_language_that_is_not_there(w1, monkeypatch):
    with pytest.raises(ValueError, match=r"lang is 'fr'; there are en, zh"):
        w1.text(lang="fr")
    monkeypatch.setenv("GRADCHECK_LANG", "xx")
    with pytest.raises(ValueError, match=r"GRADCHECK_LANG is 'xx'; there are en, zh"):
        w1.text()


def test_a_third_language_is_one_file(w1, tmp_path, monkeypatch):
    (tmp_path / "fr.py").write_text(f"MESSAGES = {dict(ENGLISH, head_goal='But')!r}", encoding="utf-8")
    monkeypatch.setattr(languages, "_HERE", tmp_path)
    languages.catalogue.cache_clear()
    try:
        assert "But      If w1 grows" in w1.text(lang="fr")
    finally:
        languages.catalogue.cache_clear()


@pytest.mark.parametrize("width", [10, 20, 33])
def test_chinese_breaks_anywhere_but_before_a_full_stop(width):
    text = "沿每条路径相乘，再将各路径相加。net_h1 的值不变；其余为零。" * 3
    found = broken(text, width)
    assert max(map(columns, found)) <= width + 2  # a closing mark may hang over
    assert "".join(line.strip() for line in found).replace(" ", "") == text.replace(" ", "")
    assert not any(line.strip()[0] in "，。；：" for line in found)
