"""What a module's text says to the computer: its syntax tree without prose, and what it imports."""

from __future__ import annotations

import ast
import hashlib
import re
from dataclasses import dataclass

# What is imported from here serves annotations; a use elsewhere is in the tree by its name.
HINTS = {"__future__", "collections.abc", "typing", "typing_extensions"}
CHECKING = {"TYPE_CHECKING", "typing.TYPE_CHECKING"}
# Texts of a dumped tree that may name a file or a module.
NAMES = re.compile(r"Constant\('([\w+-][\w+./-]*\.(?!py')\w+)(?::\w+)?'")
IMPORTERS = ("import_module", "__import__")


@dataclass(frozen=True)
class Syntax:
    """One module.

    Attributes:
        hash: SHA-256 of its tree without comments, docstrings, annotations of functions and
            variables, and what only type checkers read. Annotations in a class body count, for
            they make the fields of dataclasses and of pydantic's models.
        imports: absolute dotted names, modules and members alike; with "*" for what a call of
            `import_module` fills in at run time, all below its package where it says nothing.
        texts: string constants that look like a file's or a module's name.
        knows_place: whether it asks where it lies, as who reads data files beside it does.
    """

    hash: str
    imports: tuple[str, ...]
    texts: tuple[str, ...]
    knows_place: bool


def read_syntax(text: str, package: str = "") -> Syntax:
    """Read a module's text.

    Args:
        text: Python.
        package: the package that relative imports start from.

    Raises:
        SyntaxError: the text is not Python.
    """
    imports: set[str] = set()
    tree = ast.parse(text)
    tree.body = _bare(tree.body, package, imports)
    dumped = ast.dump(tree, annotate_fields=False)
    if any(f"'{name}'" in dumped for name in IMPORTERS):
        imports |= _called_for(tree, package)
    texts = tuple(sorted(set(NAMES.findall(dumped))))
    knows_place = "'__file__'" in dumped or "'resources'" in dumped
    digest = hashlib.sha256(dumped.encode()).hexdigest()
    return Syntax(digest, tuple(sorted(imports)), texts, knows_place)


def _bare(
    body: list[ast.stmt], package: str, imports: set[str], in_class: bool = False
) -> list[ast.stmt]:
    """Statements without what is there for readers and type checkers; notes what they import."""
    kept: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue  # a docstring, or an ellipsis
        if isinstance(node, ast.If) and ast.unparse(node.test) in CHECKING:
            kept += _bare(node.orelse, package, imports, in_class)
            continue
        if isinstance(node, ast.ImportFrom) and node.module in HINTS:
            continue
        if isinstance(node, ast.AnnAssign) and not in_class:
            if node.value is not None:
                kept.append(ast.Assign([node.target], node.value))
            continue
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports |= _imported(node, package)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
            for argument in _arguments(node.args):
                argument.annotation = None
        is_scope = isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        inside = isinstance(node, ast.ClassDef) if is_scope else in_class
        for part in (node, *getattr(node, "handlers", ()), *getattr(node, "cases", ())):
            for name in ("body", "orelse", "finalbody"):
                if inner := getattr(part, name, None):
                    setattr(part, name, _bare(inner, package, imports, inside))
        kept.append(node)
    return kept


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    starred = [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *starred]


def _imported(node: ast.Import | ast.ImportFrom, package: str) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1] if node.level else []
    base = ".".join([*above, *([node.module] if node.module else [])])
    return {base} | {f"{base}.{alias.name}" for alias in node.names}


def _called_for(tree: ast.Module, package: str) -> set[str]:
    """Names, or patterns of names, that calls import."""
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        if getattr(node.func, "attr", getattr(node.func, "id", "")) not in IMPORTERS:
            continue
        first = node.args[0]
        pieces = first.values if isinstance(first, ast.JoinedStr) else [first]
        texts = [str(p.value) if isinstance(p, ast.Constant) else "*" for p in pieces]
        name = "".join(texts)
        found.add(f"{package}.*" if name[:1] in "*." else name)
    return found
