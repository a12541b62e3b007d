"""Text tables as programs and people write them."""

from __future__ import annotations

from tests.files.case import Case, Found, written
from tests.files.workbooks import PLAIN, TWO_FOUND

LEDGER = "户编号,户主\r\nH1,张三\r\nH2,李四\r\n"
NOT_PAIRED = "双引号没有配对"
LONG = "".join(f"H{number},x\n" for number in range(2, 300))

TEXTS: tuple[Case, ...] = (
    *(
        Case(f"in {encoding}", "a.csv", written(LEDGER, encoding), (PLAIN,), apart=encoding == "gbk")
        for encoding in ("utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
    ),
    Case("UTF-16 with its mark, high byte first", "a.csv", written("\ufeff" + LEDGER, "utf-16-be"), (PLAIN,)),
    Case(
        "rare characters of names",
        "a.csv",
        written("户主,村\n𠮷䶮,鄌郚\n", "gb18030"),
        (Found({"户主": ["𠮷䶮"], "村": ["鄌郚"]}, [2], [1]),),
    ),
    Case(
        "in Big5, as told",
        "a.csv",
        written("户主,鎮\n陳,a\n".replace("户", "戶"), "big5"),
        (Found({"戶主": ["陳"], "鎮": ["a"]}, [2], [1]),),
        {"encoding": "big5"},
    ),
    Case("a mark in spite of the encoding told", "a.csv", written("\ufeff" + LEDGER), (PLAIN,), {"encoding": "utf-8"}),
    *(
        Case(f"parted by {name}", "a.csv", written(LEDGER.replace(",", mark)), (PLAIN,))
        for name, mark in (("semicolons", ";"), ("tabs", "\t"), ("strokes", "|"), ("Chinese commas", "，"))
    ),
    Case(
        "a first line that names the delimiter",
        "a.csv",
        written("sep=;\r\na;b\r\n1,5;2\r\n"),
        (Found({"a": ["1,5"], "b": ["2"]}, [2], [1]),),
    ),
    Case("a delimiter behind each row", "a.csv", written(LEDGER.replace("\r\n", ",\r\n")), (PLAIN,)),
    Case("line ends of old Macs", "a.csv", written(LEDGER.replace("\r\n", "\r")), (PLAIN,)),
    Case("three kinds of line ends", "a.csv", written("户编号,户主\rH1,张三\nH2,李四\r\n"), (PLAIN,), apart=True),
    Case(
        "line breaks inside quotes, and blank lines",
        "a.csv",
        written('a,b\n\n"一\r\n二",2\n"say ""hi""",3\n'),
        (Found({"a": ["一\r\n二", 'say "hi"'], "b": ["2", "3"]}, [3, 4], [1]),),
    ),
    Case(
        "a quote that nobody closed",
        "a.csv",
        written('a,b\nH1,"x\n' + LONG),
        (
            Found(
                {"a": [f"H{n}" for n in range(1, 300)], "b": ['"x', *["x"] * 298]},
                list(range(2, 301)),
                [1],
                ((2, NOT_PAIRED),),
            ),
        ),
        apart=True,
    ),
    Case(
        "a quote that nobody closed before two megabytes",
        "a.csv",
        written('a,b\nH0,"x\n' + "".join(f"H{number},{'y' * 100}\n" for number in range(1, 20_000))),
        (
            Found(
                {"a": [f"H{n}" for n in range(20_000)], "b": ['"x', *["y" * 100] * 19_999]},
                list(range(2, 20_002)),
                [1],
                ((2, NOT_PAIRED),),
            ),
        ),
        large=True,
    ),
    Case(
        "two quotes that nobody closed, and rows between them",
        "a.csv",
        written('a,b,c\n1,"甲村,3\n2,乙村,4\n3,"丙村,5\n4,丁村,6\n'),
        (
            Found(
                {"a": list("1234"), "b": ['"甲村', "乙村", '"丙村', "丁村"], "c": list("3456")},
                [2, 3, 4, 5],
                [1],
                ((2, NOT_PAIRED), (4, NOT_PAIRED)),
            ),
        ),
    ),
    Case(
        "a quote that closes rows below",
        "a.csv",
        written('a,b,c\n1,"甲村,3\n2,乙村,4\n3,丙村,5"\n4,丁村,6\n'),
        (
            Found(
                {"a": list("1234"), "b": ['"甲村', "乙村", "丙村", "丁村"], "c": ["3", "4", '5"', "6"]},
                [2, 3, 4, 5],
                [1],
                ((2, NOT_PAIRED),),
            ),
        ),
    ),
    Case(
        "all cells in quotes, one of them not closed",
        "a.csv",
        written('"a","b"\n"1","2\n"3","4"\n"5","6"\n'),
        (Found({"a": ["1", "3", "5"], "b": ['"2', "4", "6"]}, [2, 3, 4], [1], ((2, NOT_PAIRED),)),),
    ),
    Case(
        "quotes inside of cells",
        "a.csv",
        written('a,b\n"甲"村,2\n5"管,3\n“丙”,4\n'),
        (Found({"a": ["甲村", '5"管', "“丙”"], "b": ["2", "3", "4"]}, [2, 3, 4], [1]),),
    ),
    Case(
        "NUL characters",
        "a.csv",
        written("户编号,户主\nH1\0,张三\nH2,李四\0\0\n"),
        (Found(TWO_FOUND, [2, 3], [1], ((None, "3个空字符"),)),),
        apart=True,
    ),
    Case("the end mark of DOS", "a.csv", written(LEDGER + "\x1a"), (PLAIN,)),
    Case("tabs in a txt", "a.txt", written(LEDGER.replace(",", "\t")), (PLAIN,)),
    Case(
        "title, unit, units, numbers, subtotal, repeated head, total, remark, signature",
        "a.csv",
        written(
            "鄌郚镇农房台账,,,\n填报单位：,住建办,,日期：5月\n序号,户主,面积,资金\n,,平方米,（万元）\n1,2,3,4\n1,张,80,2\n2,李,90,3\n"
            "3,小计,170,5\n\n序号,户主,面积,资金\n3,王,70,1\n,合计：3户,240,6\n备注：资金为预算数,,,\n填表人：,赵,审核人：,\n"
        ),
        (
            Found(
                {
                    "序号": ["1", "2", "3"],
                    "户主": ["张", "李", "王"],
                    "面积（平方米）": ["80", "90", "70"],
                    "资金（万元）": ["2", "3", "1"],
                },
                [6, 7, 11],
                [1, 2, 3, 4, 5, 8, 10, 12, 13, 14],
            ),
        ),
    ),
    Case(
        "column numbers that begin with 甲",
        "a.csv",
        written("村,户主,人口,面积\n甲,乙,1,2\n甲村,张,3,80\n"),
        (Found({"村": ["甲村"], "户主": ["张"], "人口": ["3"], "面积": ["80"]}, [3], [1, 2]),),
    ),
    Case(
        "a head of three lines without merged cells",
        "a.csv",
        written("序号,镇,任务,,,,备注\n,,C级,,D级,,\n,,户数,资金,户数,资金,\n1,甲镇,1,2,3,4,\n2,乙镇,5,6,7,8,无\n"),
        (
            Found(
                {
                    "序号": ["1", "2"],
                    "镇": ["甲镇", "乙镇"],
                    "任务 C级 户数": ["1", "5"],
                    "任务 C级 资金": ["2", "6"],
                    "任务 D级 户数": ["3", "7"],
                    "任务 D级 资金": ["4", "8"],
                    "备注": [None, "无"],
                },
                [4, 5],
                [1, 2, 3],
            ),
        ),
    ),
    Case("torn in one character", "a.csv", written((LEDGER * 50).encode() + b"\xff\n"), "line 151"),
    Case(
        "one cell of two million characters", "a.csv", written("a,b\n" + "x" * 2_000_000 + ",1\n"), "row 2", large=True
    ),
    Case("two thousand columns", "a.csv", written("a," * 2000), "too much"),
    Case(
        "a quoted cell of two million characters",
        "a.csv",
        written('a,b\n"' + "x" * 2_000_000 + '",1\n'),
        "row 2",
        large=True,
    ),
    Case("not in the encoding told", "a.csv", written(LEDGER, "gbk"), "no text in utf-8", {"encoding": "utf-8"}),
    Case("an encoding that is none", "a.csv", written(LEDGER), "there is no encoding “zlib”", {"encoding": "zlib"}),
    Case("bytes", "a.csv", written(b"\x81\x00\xff\xff" * 99), "no text"),
    Case("nothing but delimiters", "a.csv", written(",,,\n,,\n"), "nothing in it"),
    Case("empty", "a.csv", written(b""), "empty"),
    Case("a PDF", "a.csv", written(b"%PDF-1.7\n"), "PDF"),
)
