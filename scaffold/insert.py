"""Puts an entry at the end of a list in somebody's file, and leaves the rest of the file as it is."""

import ast


def into_list(source: str, variable: str, entry: str) -> str:
    """Python in which a list or tuple has an entry more. Raises ValueError where there is no such list."""
    for node in ast.parse(source).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        named = [target.id for target in targets if isinstance(target, ast.Name)]
        if named == [variable] and isinstance(value := getattr(node, "value", None), ast.Tuple | ast.List):
            return _with(source, value, entry)
    raise ValueError(f"{variable} is not written as {variable} = (...): add this to it yourself: {entry}")


def _with(source: str, value: ast.Tuple | ast.List, entry: str) -> str:
    start, end = _span(source, value)
    text = source[start:end]
    if not text.startswith(("(", "[")):  # a tuple without brackets
        start, end, text = start, end, f"({text})"
    entries = [source[slice(*_span(source, each))] for each in value.elts]
    opens, closes = text[0], text[-1]
    inside = text[1:-1].rstrip()
    if "\n" in inside and inside.startswith("\n"):
        last = _span(source, value.elts[-1])[1] - start
        comma = "" if text[last:].lstrip().startswith(",") else ","
        inside = text[1:last] + comma + text[last:-1].rstrip()
        return f"{source[:start]}{opens}{inside}\n    {entry},\n{closes}{source[end:]}"
    lines = "".join(f"    {each},\n" for each in (*entries, entry))
    return f"{source[:start]}{opens}\n{lines}{closes}{source[end:]}"


def _span(source: str, node: ast.expr) -> tuple[int, int]:
    """Where a node begins and ends, in characters."""
    assert node.end_lineno is not None and node.end_col_offset is not None  # noqa: S101, PT018
    return _place(source, node.lineno, node.col_offset), _place(source, node.end_lineno, node.end_col_offset)


def _place(source: str, line: int, column: int) -> int:
    lines = source.splitlines(keepends=True)
    return sum(map(len, lines[: line - 1])) + len(lines[line - 1].encode()[:column].decode())


def into_yaml(text: str, name: str, entry: str) -> str:
    """YAML in which the list of that name has an entry more, at its end. Its comments stay."""
    lines = text.splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if line.strip() == f"{name}:")
    deep = len(lines[at]) - len(lines[at].lstrip())
    end = at + 1
    while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > deep):
        end += 1
    return "".join([*lines[:end], entry, *lines[end:]])
