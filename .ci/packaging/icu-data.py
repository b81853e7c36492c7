"""Makes an object file with a small part of the ICU data of Swift's Foundation, for the linker.

usage: icu-data.py ARCHIVE OBJECT

The full data has 34 MB: the words, sort orders and calendars of all languages. prewarm writes English text, RFC 3339 and
UTF-8 only, so it needs the data that belongs to no language, and English. ARCHIVE is lib_FoundationICU.a. OBJECT
defines the symbol for `--wrap`, so the linker removes the full data, to which nothing refers. Prints the symbol.
"""

import os
import re
import struct
import subprocess
import sys
import tempfile

# The locales whose resource bundles stay. The others fall back to root.
LOCALES = {"root", "en", "en_001", "en_US", "en_US_POSIX"}
# The folders of data that only formatting, sorting and transliteration of texts for people use, and names of characters.
OMITTED = ("brkitr/line", "coll/", "curr/", "lang/", "rbnf/", "region/", "translit/", "unit/", "unames.icu")
LOCALE = re.compile(r"[a-z]{2,3}(_[A-Z][a-z]{3})?(_([A-Z]{2}|\d{3}))?(_[A-Z]+)?")


def is_kept(name):
    stem, kind = os.path.splitext(os.path.basename(name))
    if kind in (".cnv", ".dict") or name.split("/", 1)[1].startswith(OMITTED):
        return False
    return kind != ".res" or stem in LOCALES or not LOCALE.fullmatch(stem)


def filtered(data):
    """Returns the package with only the items that are kept (icu4c/source/common/ucmndata.h describes the format)."""
    size, magic1, magic2 = struct.unpack_from("<HBB", data)
    if (magic1, magic2) != (0xDA, 0x27) or data[12:16] != b"CmnD":
        sys.exit("error: the symbol is no package of ICU data")
    body = data[size:]
    (count,) = struct.unpack_from("<I", body)
    entries = [struct.unpack_from("<II", body, 4 + 8 * index) for index in range(count)]
    ends = [offset for _, offset in entries[1:]] + [len(body)]
    items = []
    for (name, start), end in zip(entries, ends):
        text = body[name:body.index(b"\0", name)]
        if is_kept(text.decode()):
            items.append((text, body[start:end]))
    names = b"".join(text + b"\0" for text, _ in items)
    table, place = 4 + 8 * len(items), 0
    offsets, contents = [], b""
    start = (table + len(names) + 15) // 16 * 16
    for text, content in items:
        offsets.append((table + place, start + len(contents)))
        place += len(text) + 1
        contents += content + b"\0" * (-len(content) % 16)
    head = struct.pack("<I", len(items)) + b"".join(struct.pack("<II", *pair) for pair in offsets) + names
    return data[:size] + head + b"\0" * (start - len(head)) + contents


def main(archive, target):
    member = "icu_packaged_data.cpp.o"
    symbols = subprocess.run(["nm", "--print-armap", archive], check=True, capture_output=True, text=True).stdout
    symbol = re.search(rf"^(icudt\d+_dat) in {re.escape(member)}$", symbols, re.MULTILINE)[1]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["ar", "x", os.path.abspath(archive), member], check=True, cwd=folder)
        raw = os.path.join(folder, "data")
        subprocess.run(
            ["objcopy", "--output-target", "binary", "--only-section=.rodata", os.path.join(folder, member), raw],
            check=True)
        with open(raw, "rb") as file:
            data = filtered(file.read())
        with open(raw, "wb") as file:
            file.write(data)
        own = "__wrap_" + symbol
        source = (f".section .rodata\n.globl {own}\n.type {own}, @object\n.balign 16\n{own}:\n"
                  f".incbin \"{raw}\"\n.size {own}, . - {own}\n.section .note.GNU-stack,\"\",@progbits\n")
        subprocess.run(["as", "-o", target, "-"], input=source, check=True, text=True)
    print(symbol)


main(*sys.argv[1:])
