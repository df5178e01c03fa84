"""Makes verikit/plots/fonts/ anew: the letters that figures need beyond DejaVu Sans, taken out of Noto's fonts.

    apt-get download fonts-noto-core fonts-noto-cjk; dpkg-deb -x each of them into FOLDER
    python tests/plots/make_fonts.py FOLDER

Made of Debian 12's fonts-noto-core 20201225-1 and fonts-noto-cjk 1:20220127+repack1-1, with fontTools 4.68, which comes with
Matplotlib. The same fonts give the same bytes. Families get names of our own: a machine may have other fonts called Noto.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

HERE = Path(__file__).resolve().parents[2] / "verikit" / "plots" / "fonts"
# Scripts of whole blocks of Unicode. Arabic, Hebrew, Greek, Cyrillic, Armenian, Georgian and Lao are in DejaVu Sans.
BLOCKS = {
    "Bengali": (0x0980, 0x09FF),
    "Devanagari": (0x0900, 0x097F),
    "Ethiopic": (0x1200, 0x137F),
    "Khmer": (0x1780, 0x17FF),
    "Myanmar": (0x1000, 0x109F),
    "Tamil": (0x0B80, 0x0BFF),
    "Thai": (0x0E00, 0x0E7F),
}
JOINERS = (0x200C, 0x200D, 0x25CC)


def standard(codec, *, first=(0xA1, 0xFF), second=(0xA1, 0xFF)):
    """All letters of a national standard of two bytes, between these first and second bytes."""
    letters = set()
    for one in range(*first):
        for two in range(*second):
            try:
                letters |= set(bytes([one, two]).decode(codec))
            except UnicodeDecodeError:
                continue
    return {ord(letter) for letter in letters}


def east_asian():
    """Hangul of KS X 1001 (2,350 syllables), Han of GB 2312, of JIS X 0208 level 1 and of Big5 level 1, kana, forms of both widths."""
    han = standard("gb2312") | standard("euc_jp", first=(0xB0, 0xD0))
    han |= standard("big5", first=(0xA4, 0xC7), second=(0x40, 0xFF))
    rest = {*range(0x3000, 0x3100), *range(0x3130, 0x3190), *range(0xFF00, 0xFFF0)}
    return {one for one in standard("euc_kr") | han | rest if one >= 0x2E80}


def make(source, target, *, family, letters, features, number=-1, tables=()):
    """A font of its own with these letters of the source."""
    options = subset.Options(hinting=False, layout_features=features, font_number=number, notdef_outline=True)
    options.drop_tables += tables
    options.name_IDs = [0, 1, 2, 4, 5, 6, 13, 14]
    font = subset.load_font(str(source), options)
    worker = subset.Subsetter(options)
    worker.populate(unicodes=letters)
    worker.subset(font)
    for record in font["name"].names:
        if record.nameID in {1, 4}:
            record.string = family
        elif record.nameID == 6:
            record.string = family.replace(" ", "")
    if "CFF " in font:
        font["CFF "].cff.fontNames[0] = family.replace(" ", "")
    font["head"].modified = font["head"].created
    font.recalcTimestamp = False
    subset.save_font(font, str(target), options)


def main(folder):
    for old in HERE.glob("*.[ot]tf"):
        old.unlink()
    for script, (first, last) in BLOCKS.items():
        source = next(folder.rglob(f"NotoSans{script}-Regular.ttf"))
        letters = {*range(first, last + 1), *JOINERS}
        make(source, HERE / f"{script.lower()}.ttf", family=f"verikit {script}", letters=letters, features=["*"])
    source = next(folder.rglob("NotoSansCJK-Regular.ttc"))
    drop = ["GPOS", "GSUB", "BASE", "VORG", "vhea", "vmtx"]
    # The third font of the collection has the forms of mainland China where countries differ.
    make(
        source,
        HERE / "east_asian.otf",
        family="verikit East Asian",
        letters=east_asian(),
        features=[],
        number=2,
        tables=drop,
    )
    for path in sorted(HERE.glob("*.[ot]tf")):
        sys.stdout.write(f"{path.name} {path.stat().st_size} bytes, {len(TTFont(path).getBestCmap())} letters\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
