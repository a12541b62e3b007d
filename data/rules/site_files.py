"""Words of what is kept of a renovation site: phases that photographs show, and kinds of papers."""

from __future__ import annotations

from geo.errors import Text

PHASE = {
    "before": Text("改造前", "Before"),
    "during": Text("改造中", "During"),
    "after": Text("改造后", "After"),
}
PAPER = {
    "agreement": Text("改造协议", "Agreement"),
    "review": Text("评议公示材料", "Papers of review and notice"),
    "approval": Text("审批表", "Approval form"),
    "acceptance": Text("竣工验收表", "Acceptance form"),
    "other": Text("其他材料", "Other paper"),
}
