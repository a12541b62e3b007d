"""Help of ``./fangtu`` in both languages."""

from __future__ import annotations

from geo.errors import Text

HELP = Text(
    """\
访图：危房走访与改造一张图

用法：./fangtu 命令 [选项]

  demo      准备好一切并运行示例乡镇  [--port 8000] [--no-browser] [--password 密码] [--no-install]
  test      准备好一切并运行全部检查和测试  [pytest 参数…]
  bench     列出并运行性能测试  [名称…] [--households 户数] [--json] [--write]
  serve     正式运行网页服务  [--port 8000] [--bind 127.0.0.1]
  stop      停止本目录启动的网页服务和数据库（不动别的）
  status    版本、数据库、迁移、数量、范围  [--json]

  worker    后台程序：做页面上发起的导入（demo 和 serve 会自己启动它）
  upgrade   把数据库升级到当前版本
  import    导入：import areas|households|ledger|houses|sites|visits|base|campaigns 文件 …
  undo      撤销一批导入：undo 批号
  template  生成空白表：template areas|households|ledger|… --out 文件.xlsx
  sample    生成任意户数的样例县：sample --households 户数 [--out 目录] [--load]
  export    导出
  coverage  走访覆盖率
  gaps      成片未访：在哪里，有多少户，需多少人日
  assign    指派：按方案或按网格；剩余清单；撤销
  grids     按户数划分一个村的网格：grids make --village 代码 --size 户数
  lookback  回头看：抽取回访户，看各村证明到什么程度
  roads     路网：导入道路，看哪里没有接通
  houses    危房改造：houses totals|advance|bank-out|bank-return|plan|compare|monitor|hand-over …
  route     走访路线：规划 route solve 问题 --out 方案，核对 route verify 问题 方案
  recheck   从原始记录重新计算并核对
  campaign  行动与实施方案：campaign check|load|list|show|explain …
  user      账号：user add|list|disable|enable|password|token …

  --no-install  不安装任何东西，只说明缺少什么
  命令 --help   该命令的全部选项
""",
    """\
Fangtu: one map for visiting and repairing dilapidated rural houses

Usage: ./fangtu COMMAND [OPTIONS]

  demo      set everything up and serve the sample township  [--port 8000] [--no-browser] [--password P] [--no-install]
  test      set everything up and run all checks and tests  [pytest arguments ...]
  bench     list and run the benchmarks  [NAME ...] [--households N] [--json] [--write]
  serve     run the web server for real  [--port 8000] [--bind 127.0.0.1]
  stop      stop the web server and the database that this folder started, and nothing else
  status    versions, database, migrations, counts, extent  [--json]

  worker    the background program, does the imports begun on the page (demo and serve start it themselves)
  upgrade   bring the database to the present version
  import    import areas|households|ledger|houses|sites|visits|base|campaigns FILE ...
  undo      take an imported file back: undo BATCH
  template  write an empty table: template areas|households|ledger|... --out FILE.xlsx
  sample    make up a county of any size: sample --households N [--out FOLDER] [--load]
  export    export records
  coverage  coverage of the visits
  gaps      gap areas: where households not yet visited lie together, and what closing them takes
  assign    who visits whom: by the plan or by grid; what is left; taking an act back
  grids     divide a village by its households: grids make --village CODE --size N
  lookback  look-backs: draw households to ask again, and see what is proved of each village
  roads     the road network: import roads, and see where it is broken
  houses    renovation: houses totals|advance|bank-out|bank-return|plan|compare|monitor|hand-over ...
  route     routes of visits: route solve PROBLEM --out PLAN, route verify PROBLEM PLAN
  recheck   recompute from the records and compare
  campaign  campaigns and their work plans: campaign check|load|list|show|explain …
  user      accounts: user add|list|disable|enable|password|token ...

  --no-install    install nothing, only say what is missing
  COMMAND --help  all options of a command
""",
)

ROLES = {
    "inspector": Text("走访员", "inspector"),
    "supervisor": Text("主管", "supervisor"),
    "leader": Text("领导", "leader"),
    "housing": Text("主管（青禾镇）", "housing office"),
    "admin": Text("管理员", "administrator"),
}
