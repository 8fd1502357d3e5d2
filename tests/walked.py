"""The pages of the documentation as their reader walks them: the files that they ask for, and their commands.

A fenced block without a language, or in bash, holds commands. One with kubectl or helm in it is run on a cluster
(e2e/test_pages.py), every other here (docs/test_walk.py); a new page or block is picked up by being there. What neither can
run stands in ELSEWHERE with the reason. docs/reference is generated: the examples in it belong to cli/test_help.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHELL = ("", "bash")
PAGES = ("README.md", "docs/*.md", "examples/*/README.md", "charts/*/README.md")
ELSEWHERE = {
    "make demo": "installs into the checkout; what it plays is what the commands beside it do",
    "make test": ".ci/run",
    "make page": "tests/page/run builds the page",
    ". .venv/bin/activate": "the PATH that all commands get here",
    "docker build --tag registry.example/hookwright:0.1.0 .": "needs Docker; tests/e2e/run builds the same file",
    "docker push registry.example/hookwright:0.1.0": "needs a registry",
    "kubectl create secret generic hookwright-database"
    " --from-literal=uri=postgresql://USER:PASSWORD@HOST/DATABASE": "needs a database that the cluster reaches",
    "helm upgrade … --set store.kind=postgres --set store.postgres.urlSecret.name=hookwright-database": "the same",
    "helm upgrade … --set store.kind=postgres --set store.postgres.urlSecret.name=hookwright-database"
    " --set store.copyFrom.existingClaim=hookwright-data": "the same",
    "hookwright store copy --from ./data --to-url-file ./url": "needs a database; product/test_copy.py does it",
    "hookwright store copy --from-url-file ./url --to ./back": "the same",
    "tests/cluster/image hookwright.local/hookwright:dev": "tests/e2e/run builds its image so",
    "tests/cluster/kind load docker-image hookwright.local/hookwright:dev": "the tests of e2e load theirs so",
    "helm install hookwright oci://registry.example/team/charts/hookwright --version 0.1.0 --namespace hookwright"
    " --create-namespace --wait --set image.repository=registry.example/team/hookwright": "needs a registry that the cluster"
    " reaches; release/test_publish.py reads the chart back from a real one",
}
"""Command → why no walk runs it."""


def pages() -> list[str]:
    """All, by their paths."""
    return sorted(str(path.relative_to(ROOT)) for pattern in PAGES for path in ROOT.glob(pattern))


def text_of(page: str) -> str:
    """A page, whole."""
    return (ROOT / page).read_text()


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """The fenced blocks of a page in their order, each with its language, which is none for commands."""
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield found[1], found[2]


def commands(block: str) -> list[str]:
    """Those of a block, each in a line, without what explains it."""
    lines = re.sub(r" *\\\n *", " ", block).splitlines()
    return [re.sub(r" {2,}# .*", "", line).strip() for line in lines]


def steps(page: str, *, cluster: bool) -> list[list[str]]:
    """What a walk of the page runs, block by block: on a cluster, or on this machine."""
    found = [commands(block) for language, block in blocks(text_of(page)) if language in SHELL]
    here = [block for block in found if bool(re.search(r"\b(kubectl|helm) ", "\n".join(block))) == cluster]
    return [left for block in here if (left := [each for each in block if each not in ELSEWHERE])]


def walked(*, cluster: bool) -> list[str]:
    """The pages that have something to run there."""
    return [page for page in pages() if steps(page, cluster=cluster)]


def write_files(text: str, folder: Path) -> None:
    """The files of a page: a comment names each before its block."""
    for name, content in re.findall(
        r"<!-- file: (\S+) -->\n```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
