"""Every piece of advice that is code compiles: lines in messages and hints, templates and manifests in the pages."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest
import yaml

from hookwright.api.v1alpha1.manifest import KINDS, problems
from hookwright.cli.main import main
from hookwright.core import hints
from hookwright.core.templates import (
    access,
    commas,
    compile_body,
    compile_url,
    environment,
    handlebars,
    json_scan,
    lists,
    missing,
    moments,
    places,
    rewrite,
    syntax,
    tables,
    template,
    texts,
    urls,
    values,
)
from hookwright.core.templates.outline import outline
from hookwright.core.templates.source import read
from hookwright.errors import TemplateError
from templates import test_commas, test_helpers, test_places, test_refusals

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md"), ROOT / "README.md"])
MODULES: list[ModuleType] = [
    access, commas, environment, handlebars, json_scan, lists, missing, moments, places, rewrite, syntax, tables,
    template, texts, urls, values, hints,
]  # fmt: skip
TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
OPENS = {"for": "{% endfor %}", "if": "{% endif %}", "with": "{% endwith %}", "elif": "{% endif %}"}


def compiles(line: str) -> None:
    """A line of advice stands in a string of a loop over something; what is open is closed."""
    line = line.replace("…", "")
    tags = TAG.findall(line)
    words = [re.match(r"\{%-?\s*(\w+)", tag) for tag in tags]
    opened = [word[1] for word in words if word]
    before = "{% if 1 %}" if opened[:1] in (["elif"], ["else"], ["endif"]) else ""
    before = "{% for x in data.xs %}" if opened == ["endfor"] else before
    before = "{% with x = 1 %}" if opened == ["endwith"] else before
    after = ""
    for word in ([opened[0]] if before and opened[0] in ("elif", "else") else []) + opened:
        if word in OPENS and f"end{word}" not in opened and word != "elif":
            after = OPENS[word] + after
    if before and opened[0] in ("elif", "else") and "endif" not in opened:
        after = "{% endif %}" + after
    names = "".join(f"{{% set {name} = data %}}" for name in ("item", "a", "g", "u", "group", "alert"))
    whole = f'{names}{{"a": "{{% for xs in data.all %}}{before}{line}{after}{{% endfor %}}"}}'
    compile_body(whole)


def advised(sentence: str, given: str) -> Iterator[str]:
    """The code in a sentence after what it quotes of the template itself."""
    said = sentence.partition(": ")[2] or sentence
    said = re.sub(r"\{% \w+ %\} is not understood; ", "", said)
    for piece in re.split(r", or |, and | or (?=\{)|; |: (?=\{)|before |whichever", said):
        tags = TAG.findall(piece)
        if tags and not all(tag in given for tag in tags):
            yield piece[piece.index(tags[0]) : piece.rindex(tags[-1]) + len(tags[-1])]


def refused() -> list[str]:
    """Every template that a test of refusals holds."""
    tests = (
        *(
            f'{{"a": [\n{tag}]}}'
            for tag in cases(test_refusals.test_handlebars_is_refused_with_the_jinja_line)
        ),
        *(f'{{"a": "\n{tag}"}}' for tag in cases(test_helpers.test_the_advice_is_the_jinja_line)),
        *(
            f'{{"a": "\n{tag}"}}'
            for tag in cases(test_helpers.test_every_syntax_error_has_line_and_expression)
        ),
        *cases(test_places.test_what_is_not_json_on_some_path_is_refused_with_the_cure),
        *cases(test_commas.test_the_cure_names_the_tag_beside),
        *(
            f"[{tag}]"
            for tag in cases(test_refusals.test_what_cannot_be_said_is_refused_with_a_plain_sentence)
        ),
    )
    return list(dict.fromkeys(tests))


def cases(test: object) -> list[str]:
    """The first parameter of a test's cases."""
    (mark,) = test.pytestmark  # type: ignore[attr-defined]
    return [case[0] for case in mark.args[1]]


@pytest.mark.parametrize("source", refused())
def test_what_a_refusal_tells_to_write_compiles(source: str) -> None:
    """The sentence is made for the template at hand, and so is the line in it."""
    try:
        compile_body(source)
    except TemplateError as error:
        for line in advised(str(error), source):
            compiles(line)


def sentences(module: ModuleType) -> Iterator[str]:
    """The texts of a module that hold a whole tag and nothing to fill in."""
    for found in re.finditer(
        r"""(?<![frb\\])"((?:\\.|[^"\\\n])*)"|(?<![frb\\])'((?:\\.|[^'\\\n])*)'""", inspect.getsource(module)
    ):
        text = found[1] or found[2] or ""
        if TAG.search(text) and not text.startswith(("{%[", r"\{")) and "\\s" not in text:
            yield text.replace("\\\\", "\\")


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_lines_in_the_sentences_of_the_code_compile(module: ModuleType) -> None:
    """Wherever a sentence or a hint holds a template line."""
    for sentence in sentences(module):
        for tag in TAG.findall(sentence):
            if tag not in ("{{ }}", "{% %}", "{% if %}", "{% for %}", "{% set %}"):  # these are only named
                compiles(tag)


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_lines_and_manifests_of_a_page_are_valid(page: Path) -> None:
    """Tags in running text and tables, whole manifests, and the commands with their options."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for code in re.findall(r"`([^`\n]*\{[{%][^`\n]*)`", text):
        if "Handlebars" not in text or page.name != "templates.md":
            for tag in TAG.findall(code):
                if tag not in ("{{ }}", "{% %}"):
                    compiles(tag)
    for block in blocks(page, "yaml"):
        for document in yaml.safe_load_all(block):
            if isinstance(document, dict) and document.get("kind") in KINDS:
                assert problems(document["kind"], document) == []
            url = document.get("url") if isinstance(document, dict) else None
            if isinstance(url, str) and "{{" in url:
                compile_url(url)


def commands(text: str) -> Iterator[list[str]]:
    """Our own commands in a text: what follows `hookwright`, up to what is no word of it."""
    for found in re.finditer(r"hookwright ((?:[a-z]+)(?: --[a-z-]+(?:[ =][\w./-]+)?| [\w./-]+)*)", text):
        yield found[1].split()


@pytest.mark.parametrize(
    "source", [*PAGES, *(Path(module.__file__ or "") for module in MODULES)], ids=lambda path: path.name
)
def test_commands_and_their_options_exist(source: Path) -> None:
    """No page and no hint names an option that a command does not have."""
    for words in commands(source.read_text()):
        command = main.get_command(click.Context(main), words[0])
        if command is None:
            continue  # a sentence about the product
        if isinstance(command, click.Group):
            command = command.get_command(click.Context(command), words[1]) if len(words) > 1 else command
            if command is None:
                continue  # a line of Python
        options = {each for parameter in command.params for each in parameter.opts}
        assert [
            word for word in words if word.startswith("--") and word not in options | {"--help", "--cluster"}
        ] == []


def test_the_table_of_the_page_compiles() -> None:
    """What stands in the column of ours in the page about Handlebars."""
    page = (ROOT / "docs" / "templates.md").read_text()
    rows = re.findall(r"^\| `\{\{(.*?)` \| (.+?) \|$", page, re.MULTILINE)
    assert len(rows) >= 5
    for _, ours in rows:
        for code in re.findall(r"`([^`]+)`", ours):
            translated, tags = read(code.replace("…", "x"))
            assert tags or code.startswith("{#")
            outline(environment.ENVIRONMENT.parse(translated), tags, 1)
            compiles(code)
