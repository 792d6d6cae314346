"""Puts what a page shows into a file that was begun: functions in the place of those that are still to be written."""

import ast
import textwrap


def filled_in(begun: str, *blocks: str) -> str:
    """The file with each block in it.

    Imports go among the imports, which are left unsorted. Functions of a class, which are indented, take the place of
    those of their names, or come last. What is not indented comes at the end of the file.
    """
    for block in blocks:
        if block.startswith(" "):
            for function in ast.parse(textwrap.dedent(block)).body:
                begun = _with_function(begun, _part(textwrap.dedent(block), function), function)
        elif block.startswith(("from ", "import ")):
            last = [node for node in ast.parse(begun).body if isinstance(node, ast.Import | ast.ImportFrom)][-1]
            lines = begun.splitlines(keepends=True)
            begun = "".join([*lines[: last.end_lineno], block, *lines[last.end_lineno :]])
        else:
            begun = f"{begun.rstrip()}\n\n\n{block}"
    return begun


def _part(text: str, node: ast.stmt) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[node.lineno - 1 : node.end_lineno])


def _with_function(begun: str, text: str, function: ast.stmt) -> str:
    (kind,) = [node for node in ast.parse(begun).body if isinstance(node, ast.ClassDef)]
    named = [node for node in kind.body if getattr(node, "name", "") == function.name]  # type: ignore[attr-defined]
    lines, written = begun.splitlines(keepends=True), textwrap.indent(text, "    ")
    if named:
        return "".join([*lines[: named[0].lineno - 1], written, *lines[named[0].end_lineno :]])
    return "".join([*lines[: kind.end_lineno], "\n", written, *lines[kind.end_lineno :]])
